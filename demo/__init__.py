"""A GitHub on a laptop: the hub, the player, the world."""
