"""The `pdev` command: composes, decides nothing."""
