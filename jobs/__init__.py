"""The worker process: works slowly, may die at any line."""
