"""A small world to watch pdev in: a sample repository, six issues, and what becomes of each."""
