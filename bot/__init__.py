"""The web process: verifies, decides, answers quickly; never works."""
