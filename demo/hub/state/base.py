"""Who there is, and the two spellings GitHub gives to everything: node ids and timestamps."""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

Role = Literal["read", "triage", "write", "maintain", "admin"]
AccountType = Literal["User", "Organization", "Bot"]

_RANKS: dict[str | None, int] = {None: 0, "read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}


def role_rank(role: Role | None) -> int:
    """0 for nobody, then read < triage < write < maintain < admin."""
    return _RANKS[role]


def stamp(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`; GitHub writes no milliseconds and strict clients refuse them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(prefix: str, number: int) -> str:
    """The GraphQL id of the thing with this database id; `prefix` is GitHub's (`I`, `PR`, `IC`, `CR`, `U`, …)."""
    return f"{prefix}_{base64.urlsafe_b64encode(f'{prefix}:{number}'.encode()).decode().rstrip('=')}"


def parse_node_id(text: str) -> tuple[str, int] | None:
    """(prefix, database id), or None when the text is no id of ours."""
    prefix, _, rest = text.partition("_")
    try:
        kind, _, number = base64.urlsafe_b64decode(rest + "=" * (-len(rest) % 4)).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (kind, int(number)) if kind == prefix and number.isdigit() else None


@dataclass(slots=True, eq=False)
class Account:
    """A person, an organisation or an App's bot (`login` ends in `[bot]`)."""

    id: int
    login: str
    type: AccountType
    created_at: datetime
    name: str | None = None
    email: str | None = None
    site_admin: bool = False
    members: set[str] = field(default_factory=set)
    """Logins of an organisation's members."""

    @property
    def node(self) -> str:
        return node_id({"User": "U", "Organization": "O", "Bot": "BOT"}[self.type], self.id)


@dataclass(slots=True, eq=False)
class Team:
    """People of an organisation under one name; `slug` is what the API calls it."""

    id: int
    organization: Account
    slug: str
    members: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Reaction:
    """One emoji of one account on an issue or a comment."""

    id: int
    user: Account
    content: str
    created_at: datetime
