"""Every address the hub writes into its answers, from one place: clients follow them, so all must work."""

from dataclasses import dataclass
from urllib.parse import quote

from demo.hub.state import Account, Comment, Issue, Repository


@dataclass(slots=True)
class Urls:
    """`api` and `html` are one origin: REST lives beside the pages (GitHub keeps them apart by host)."""

    api: str = ""
    html: str = ""

    def repo(self, repo: Repository, path: str = "") -> str:
        return f"{self.api}/repos/{repo.full_name}{path}"

    def page(self, repo: Repository, path: str = "") -> str:
        return f"{self.html}/{repo.full_name}{path}"

    def user(self, account: Account, path: str = "") -> str:
        """The `[bot]` of a bot's login is percent-encoded, as github.com writes it."""
        return f"{self.api}/users/{quote(account.login)}{path}"

    def profile(self, account: Account) -> str:
        if account.type == "Bot":
            return f"{self.html}/apps/{quote(account.login.removesuffix('[bot]'))}"
        return f"{self.html}/{quote(account.login)}"

    def issue(self, issue: Issue, path: str = "") -> str:
        return self.repo(issue.repo, f"/issues/{issue.number}{path}")

    def issue_page(self, issue: Issue) -> str:
        kind = "pull" if issue.pull else "issues"
        return self.page(issue.repo, f"/{kind}/{issue.number}")

    def comment_page(self, issue: Issue, comment: Comment) -> str:
        return f"{self.issue_page(issue)}#issuecomment-{comment.id}"
