"""Review threads as GraphQL tells them: REST knows neither their ids nor whether they are resolved."""

from msgspec import Struct, field

from core.github.answers import Account


class ThreadComment(Struct, frozen=True):
    """A comment in a thread; `author` is None when the account is gone."""

    body: str
    author: "ThreadAuthor | None" = None

    @property
    def by_bot(self) -> bool:
        return self.author is not None and self.author.kind == "Bot"


class ThreadAuthor(Struct, frozen=True):
    login: str
    kind: str = field(default="User", name="__typename")


class _Comments(Struct, frozen=True):
    nodes: tuple[ThreadComment, ...] = ()


class Thread(Struct, frozen=True, rename="camel"):
    """A conversation at a line of the diff, with its first comment and the latest fifty."""

    id: str
    is_resolved: bool
    opening: _Comments
    latest: _Comments

    @property
    def first(self) -> ThreadComment | None:
        return self.opening.nodes[0] if self.opening.nodes else None

    @property
    def comments(self) -> tuple[ThreadComment, ...]:
        """The latest ones, oldest first."""
        return self.latest.nodes


class _PageInfo(Struct, frozen=True, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class ThreadPage(Struct, frozen=True, rename="camel"):
    nodes: tuple[Thread, ...]
    page_info: _PageInfo


class _Pull(Struct, frozen=True, rename="camel"):
    review_threads: ThreadPage


class _Repository(Struct, frozen=True, rename="camel"):
    pull_request: _Pull


class ThreadAnswer(Struct, frozen=True):
    """The whole answer to the document."""

    repository: _Repository

    @property
    def page(self) -> ThreadPage:
        return self.repository.pull_request.review_threads


class Team(Struct, frozen=True):
    slug: str


class Requested(Struct, frozen=True):
    """Who is asked for a review and has not given one."""

    users: tuple[Account, ...] = ()
    teams: tuple[Team, ...] = ()
