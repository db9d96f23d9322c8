"""The parts that GitHub's deliveries are made of, each with only the fields we use."""

from datetime import datetime

import msgspec


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    login: str
    type: str = "User"

    @property
    def is_bot(self) -> bool:
        return self.type == "Bot" or self.login.endswith("[bot]")


class Installation(msgspec.Struct, frozen=True):
    id: int


class Repository(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    name: str
    owner: Account | None = None
    full_name: str = ""
    private: bool = False
    default_branch: str = ""

    @property
    def owner_login(self) -> str:
        """From the full name where GitHub leaves the owner out, as it may for pushes."""
        return self.owner.login if self.owner else self.full_name.partition("/")[0]


class Label(msgspec.Struct, frozen=True):
    name: str


class PullMark(msgspec.Struct, frozen=True):
    """Stands in an issue that is a pull request."""


class Issue(msgspec.Struct, frozen=True, omit_defaults=True):
    number: int
    title: str = ""
    body: str | None = None
    labels: tuple[Label, ...] = ()
    pull_request: PullMark | None = None
    updated_at: datetime | None = None


class IssueMark(msgspec.Struct, frozen=True):
    number: int


class Comment(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    user: Account | None = None
    body: str = ""
    created_at: datetime | None = None


class Branch(msgspec.Struct, frozen=True, omit_defaults=True):
    ref: str
    sha: str = ""


class Pull(msgspec.Struct, frozen=True, omit_defaults=True):
    number: int
    head: Branch
    base: Branch | None = None
    merged: bool | None = False


class CheckRun(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    name: str
    head_sha: str
    external_id: str | None = None


class CheckSuite(msgspec.Struct, frozen=True):
    id: int
    head_sha: str


class Button(msgspec.Struct, frozen=True):
    """The button of a check run that somebody pressed."""

    identifier: str = ""


class Pushed(msgspec.Struct, frozen=True):
    """One commit of a push: paths."""

    added: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class ShortRepository(msgspec.Struct, frozen=True):
    """As installation events name repositories."""

    id: int = 0
    full_name: str = ""
