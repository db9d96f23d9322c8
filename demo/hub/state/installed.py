"""GitHub Apps, where they are installed, and the tokens that say so."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from demo.hub.state.base import Account

Permissions = dict[str, str]
"""GitHub's permission names to `read`, `write` or `admin`."""


@dataclass(slots=True, eq=False)
class HookConfig:
    url: str | None = None
    secret: str | None = None
    content_type: str = "json"
    insecure_ssl: str = "0"
    active: bool = True


@dataclass(slots=True, eq=False)
class App:
    id: int
    slug: str
    name: str
    client_id: str
    owner: Account
    bot: Account
    public_key_pem: bytes
    permissions: Permissions
    events: list[str]
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    external_url: str = "https://example.com"
    hook: HookConfig = field(default_factory=HookConfig)
    client_secret: str = ""


@dataclass(slots=True, eq=False)
class Installation:
    """An App on an account. `repository_ids` counts only with `repository_selection == "selected"`."""

    id: int
    app: App
    account: Account
    permissions: Permissions
    events: list[str]
    created_at: datetime
    updated_at: datetime
    repository_selection: Literal["all", "selected"] = "selected"
    repository_ids: set[int] = field(default_factory=set)
    suspended_at: datetime | None = None
    suspended_by: Account | None = None


@dataclass(slots=True, eq=False)
class Token:
    """What stands behind a bearer string: a person (never expires) or an installation (one hour)."""

    value: str
    account: Account
    installation: Installation | None = None
    permissions: Permissions = field(default_factory=dict)
    repository_ids: frozenset[int] | None = None
    """None: whatever the installation covers."""
    expires_at: datetime | None = None
