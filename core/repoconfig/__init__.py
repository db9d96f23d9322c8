"""A repository's own say: `.github/pdev.yml`, the profiles behind it, and what is in force once they are merged."""

from core.repoconfig.model import Config

__all__ = ["Config"]
