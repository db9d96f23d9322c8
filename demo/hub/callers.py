"""Who calls, and what he may do. Every route asks here, so that no route can forget a right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from demo.hub.errors import GitHubError, forbidden, not_for_integrations, not_found, unauthorized
from demo.hub.state import Account, App, Installation, Repository, Role, role_rank

CallerKind = Literal["anonymous", "user", "installation", "app"]

_LEVELS = {"read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Caller:
    """`account` is whom GitHub names as the actor: the person, or the App's bot for an installation token."""

    kind: CallerKind
    account: Account | None = None
    app: App | None = None
    installation: Installation | None = None
    permissions: Mapping[str, str] = field(default_factory=dict)
    repository_ids: frozenset[int] | None = None
    token: str | None = None

    @property
    def actor(self) -> Account:
        """Who did it. Raises 401 for callers without a face (anonymous ones)."""
        if self.account is None:
            raise unauthorized("Requires authentication")
        return self.account

    def role_on(self, repo: Repository) -> Role | None:
        """A person's role; None for strangers and for everything that is no person."""
        if self.kind != "user" or self.account is None:
            return None
        if self.account is repo.owner:
            return "admin"
        return repo.collaborators.get(self.account.login.lower())

    def covers(self, repo: Repository) -> bool:
        """Whether an installation token reaches the repository."""
        if self.installation is None:
            return False
        if self.repository_ids is not None and repo.id not in self.repository_ids:
            return False
        if self.installation.repository_selection == "all":
            return repo.owner is self.installation.account
        return repo.id in self.installation.repository_ids

    def may_see(self, repo: Repository) -> bool:
        """A token of one installation sees nothing of another; people see what is public or theirs."""
        if self.kind == "installation":
            return self.covers(repo)
        return not repo.private or self.role_on(repo) is not None

    def holds(self, needs: Mapping[str, str]) -> bool:
        """Whether an installation token has all these permissions (`metadata: read` always)."""
        granted = {"metadata": "read", **self.permissions}
        return all(_LEVELS.get(granted.get(name, ""), 0) >= _LEVELS[level] for name, level in needs.items())


ANONYMOUS = Caller("anonymous")


def may_use(
    caller: Caller,
    repo: Repository,
    needs: tuple[Mapping[str, str], ...] = (),
    role: Role | None = None,
    *,
    writes: bool = False,
) -> None:
    """Pass, or raise what GitHub answers (401, 403, 404).

    `needs`: alternatives; an installation token must hold all permissions of one of them. `role`: what a person must at
    least be on the repository; None where seeing it is enough.
    """
    if not caller.may_see(repo):
        raise not_found()
    if caller.kind == "installation":
        if needs and not any(caller.holds(option) for option in needs):
            raise not_for_integrations("; ".join(_spell(option) for option in needs))
    elif caller.kind == "anonymous":
        if writes or role not in (None, "read"):
            raise unauthorized("Requires authentication")
    elif role_rank(caller.role_on(repo)) < role_rank(role):
        raise _lacking(role)
    if writes and repo.archived:
        raise forbidden("Repository was archived so is read-only.")


def _spell(option: Mapping[str, str]) -> str:
    return ",".join(f"{name}={level}" for name, level in option.items())


def _lacking(role: Role | None) -> GitHubError:
    if role == "admin":
        return forbidden("Must have admin rights to Repository.")
    return forbidden(f"Must have {role} rights to Repository.")
