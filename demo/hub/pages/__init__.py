"""What a person sees of the hub: plain pages at the addresses that `html_url` names, and forms to act as one of them.

Importing this package registers the pages' routes.
"""

from demo.hub.pages import apps, checks, issues, pulls, repositories

__all__ = ["apps", "checks", "issues", "pulls", "repositories"]
