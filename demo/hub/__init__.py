"""A GitHub on a laptop."""
