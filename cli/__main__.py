"""`python -m cli` is `pdev`: how one pdev process starts another with the same interpreter."""

from cli.main import main

main()
