"""What GitHub answers, reduced to the fields that pdev uses.

GitHub's objects have dozens of fields and gain new ones; declaring ours once means that a missing or changed one is
noticed at the door, by name, and not deep in a stage. Unknown fields are ignored.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct, field


class Account(Struct, frozen=True):
    """A person, an organisation or a bot. GitHub shows deleted people as null."""

    login: str
    id: int
    type: str = "User"


class Label(Struct, frozen=True):
    name: str
    color: str | None = ""
    description: str | None = None


class Repository(Struct, frozen=True):
    id: int
    name: str
    full_name: str
    owner: Account
    private: bool
    default_branch: str = ""
    archived: bool = False
    disabled: bool = False
    html_url: str = ""


class Permission(Struct, frozen=True):
    """`role_name` may be an organisation's own word; `permission` is then the rights it stands for."""

    permission: str
    role_name: str = ""


class PullLink(Struct, frozen=True):
    """Stands in an issue that is a pull request."""

    url: str | None = None
    merged_at: datetime | None = None


class Issue(Struct, frozen=True):
    id: int
    node_id: str
    number: int
    title: str
    state: str
    html_url: str
    created_at: datetime
    updated_at: datetime
    body: str | None = None
    user: Account | None = None
    labels: tuple[Label | str, ...] = ()
    state_reason: str | None = None
    closed_at: datetime | None = None
    locked: bool = False
    pull_request: PullLink | None = None
    repository_url: str = ""

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label if isinstance(label, str) else label.name for label in self.labels)

    @property
    def is_pull(self) -> bool:
        return self.pull_request is not None


class AppMark(Struct, frozen=True):
    """The App through which something was written."""

    id: int
    slug: str | None = None


class Comment(Struct, frozen=True):
    id: int
    node_id: str
    html_url: str
    created_at: datetime
    updated_at: datetime
    body: str = ""
    user: Account | None = None
    author_association: str = "NONE"
    performed_via_github_app: AppMark | None = None


class Reaction(Struct, frozen=True):
    id: int
    content: str
    user: Account | None = None


class TimelineEvent(Struct, frozen=True):
    """One entry of an issue's history; fields that its kind does not have are None."""

    event: str = ""
    id: int | None = None
    actor: Account | None = None
    label: Label | None = None
    created_at: datetime | None = None


class RepositoryMark(Struct, frozen=True):
    id: int
    full_name: str


class Side(Struct, frozen=True):
    """The head or the base of a pull request; `repo` is None when a fork was deleted."""

    ref: str
    sha: str
    repo: RepositoryMark | None = None


class Pull(Struct, frozen=True):
    """`merged`, `mergeable` and `mergeable_state` are only told by a single read, not by lists."""

    id: int
    node_id: str
    number: int
    title: str
    state: str
    html_url: str
    head: Side
    base: Side
    body: str | None = None
    user: Account | None = None
    draft: bool = False
    merged: bool = False
    merged_at: datetime | None = None
    mergeable: bool | None = None
    mergeable_state: str = "unknown"
    merge_commit_sha: str | None = None

    @property
    def is_merged(self) -> bool:
        return self.merged or self.merged_at is not None


class PullFile(Struct, frozen=True):
    """A path that a pull request changes; `previous_filename` of one that it renames."""

    filename: str
    previous_filename: str | None = None


class Review(Struct, frozen=True):
    id: int
    node_id: str
    state: str
    html_url: str
    body: str = ""
    user: Account | None = None
    commit_id: str | None = None
    submitted_at: datetime | None = None


class CheckRun(Struct, frozen=True):
    id: int
    name: str
    head_sha: str
    status: str
    html_url: str | None = None
    conclusion: str | None = None
    external_id: str | None = None
    app: AppMark | None = None


class App(Struct, frozen=True):
    id: int
    name: str
    html_url: str
    slug: str = ""
    permissions: dict[str, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()

    @property
    def bot_login(self) -> str:
        """The login under which the App's comments appear."""
        return f"{self.slug}[bot]"


class Installation(Struct, frozen=True):
    id: int
    app_id: int
    target_type: str
    repository_selection: str
    app_slug: str = ""
    account: Account | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    suspended_at: datetime | None = None


class Delivery(Struct, frozen=True):
    """One try of a webhook; `guid` is the same for all tries of one delivery."""

    id: int
    guid: str
    delivered_at: datetime
    redelivery: bool
    status: str
    status_code: int
    event: str
    action: str | None = None
    installation_id: int | None = None
    repository_id: int | None = None

    @property
    def arrived(self) -> bool:
        # GitHub's own redelivery script judges by this word, not by the code.
        return self.status == "OK"


class DeliveryRequest(Struct, frozen=True):
    headers: dict[str, str] | None = None
    payload: dict[str, Any] | None = None


class DeliveryDetail(Struct, frozen=True):
    """A delivery with what was sent."""

    id: int
    guid: str
    status: str
    event: str
    request: DeliveryRequest
    action: str | None = None


class FileContent(Struct, frozen=True):
    """A file's text as the contents API gives it: base64, empty with encoding `none` above 1 MB."""

    type: str
    size: int
    content: str = ""
    encoding: str = ""


class GitObject(Struct, frozen=True):
    sha: str


class GitRef(Struct, frozen=True):
    ref: str
    object: GitObject


class MintedToken(Struct, frozen=True):
    token: str
    expires_at: datetime
