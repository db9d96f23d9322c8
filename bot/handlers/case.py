"""One delivery being handled: who did it, where, and the effects that several handlers share.

A handler may be run twice for the same delivery: a process dies, GitHub is away, a limit is reached. So each effect
here is one that twice does no more than once, or first looks whether it is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.events import Event
from bot.payloads import Account
from bot.policy import Person, Refuse
from bot.said import LastWords
from core.artifacts import Artifacts
from core.clock import Clock
from core.deliveries import Delivery
from core.errors import OperatorError
from core.github import GitHub, RepoDoor
from core.links import Links
from core.messages import refusal, reply, reply_marker
from core.queue import Report
from core.refs import RepoRef
from core.store import Store
from core.tasks import Task, task_id


class Desk:
    """What every handler works with; one per process."""

    def __init__(
        self, store: Store, said: LastWords, github: GitHub, clock: Clock, *, artifacts: Artifacts, links: Links
    ) -> None:
        self.store, self.said, self.github, self.clock = store, said, github, clock
        self.artifacts, self.links = artifacts, links
        self._own_login = ""

    async def own_login(self) -> str:
        """The login under which our own doings appear in deliveries."""
        if not self._own_login:
            self._own_login = (await self.github.app().me()).bot_login
        return self._own_login


class NoRepository(OperatorError):
    """A delivery that should name a repository and an installation does not."""

    code = "NO_REPOSITORY"


@dataclass(frozen=True)
class Case:
    """One delivery on the desk. `tries`: how often it was begun before."""

    desk: Desk
    delivery: Delivery
    event: Event
    tries: int = 0

    @property
    def store(self) -> Store:
        return self.desk.store

    @property
    def now_ms(self) -> int:
        return self.desk.clock.now_ms()

    @property
    def installation_id(self) -> int:
        if self.event.installation is None:
            raise NoRepository(f"Delivery {self.delivery.guid} names no installation.")
        return self.event.installation.id

    @property
    def repo_id(self) -> int:
        return self.delivery.repo_id

    @property
    def issue(self) -> int:
        return self.delivery.issue

    @cached_property
    def door(self) -> RepoDoor:
        if self.event.repository is None:
            raise NoRepository(f"Delivery {self.delivery.guid} names no repository.")
        found = self.event.repository
        ref = RepoRef(found.owner_login, found.name)
        return self.desk.github.repo(self.installation_id, ref, repo_id=found.id)

    def task_id(self, issue: int | None = None) -> str:
        return task_id(self.repo_id, self.issue if issue is None else issue)

    async def task(self) -> Task | None:
        """The task of the issue that the delivery is about."""
        return await self.store.task(self.task_id())

    async def all_tasks(self) -> list[Task]:
        """Every task of the repository, the ended ones of the last 30 days included."""
        live = await self.store.tasks(repo_id=self.repo_id)
        return live + await self.store.tasks(repo_id=self.repo_id, live=False)

    async def person(self, account: Account) -> Person:
        """Who did it, with the rights he has now; a bot's are not even read."""
        if account.is_bot:
            return Person(account.login, is_bot=True)
        return Person(account.login, role=await self.door.permission(account.login))

    async def say(self, issue: int, cause: str, parts: Sequence[str], *, look_first: bool | None = None) -> None:
        """Comment once for this cause; by default it is looked for only when this is not the first try."""
        if look_first or (look_first is None and self.tries):
            marker = reply_marker(cause)
            for comment in await self.door.comments(issue):
                # Anybody can write a marker; only a bot's counts.
                if comment.user and comment.user.type == "Bot" and comment.body.startswith(marker):
                    return
        await self.door.create_comment(issue, reply(cause, parts), budget="question")

    async def refuse(self, person: Person, decision: Refuse, *, issue: int | None = None, what: str = "") -> None:
        """Say why not, once per issue, person and reason: whoever insists gets no second comment."""
        words = {"what": what} if what else {}
        text = refusal(decision.why.value, person=person.login, role=person.role, **words)
        cause = f"{decision.why.value}:{person.login}"
        await self.say(self.issue if issue is None else issue, cause, [text], look_first=True)

    async def show(self, task: Task) -> None:
        """Let GitHub show again what the record says: something there has changed, not the task."""
        await self.store.enqueue(Report(task.id, task.version))
