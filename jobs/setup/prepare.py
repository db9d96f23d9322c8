"""Whether what a task needs is there, and if not, that it gets there: asked before each agent and before the gates.

The base branch's files decide what tasks share. When the task's own files ask for something else, it gets an
environment of its own; when that cannot be built, its agents keep the shared one, and the gates say what is wrong.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from core.errors import Transient
from core.messages import setup as said
from core.tasks import Reason
from jobs.gateway import Gateway, Rule, hosts_of
from jobs.git import export
from jobs.layouts import Layout
from jobs.running import cleaned
from jobs.sandbox import Runtime, Sandbox, Surroundings, Toolchains
from jobs.setup import ways
from jobs.setup.build import Builder, Order, SetupFailed
from jobs.setup.furnish import Furniture, furnish
from jobs.setup.look import Seen, key, look
from jobs.setup.shelf import Note, Place, Shelf
from jobs.stops import GaveUp, Stopped

if TYPE_CHECKING:
    from core.repoconfig import Config
    from jobs.bench import Bench

T = TypeVar("T")
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG})
_TRIES = 2
"""Of commands that fail while somebody cannot be reached."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker sets repositories up with."""

    sandbox: Sandbox
    runtime: Runtime
    gateway: Gateway
    shelf: Shelf
    toolchains: Toolchains
    mirrors: Mapping[str, str] = field(default_factory=dict)

    @property
    def builder(self) -> Builder:
        return Builder(self.sandbox, self.runtime, self.gateway, self.mirrors)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the task's own environment could not be made: the command, the end of what it printed, words for people."""

    command: str
    output: str
    why: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """What agents and gates get. `failure`: the task's own files cannot be set up; `around` is then the base's."""

    layout: Layout
    around: Surroundings = field(default_factory=Surroundings)
    is_own: bool = False
    failure: Failure | None = None


async def layout_at(bench: Bench, commit: str) -> Layout:
    """The layout of a commit."""
    return (await _look(bench, commit)).layout


async def verify_commands(bench: Bench, base: str) -> tuple[str, ...] | Literal["none", "external"]:
    """What verifies the change since `base`: agents are told to run what the gates run. Empty when nothing is known."""
    if bench.config.verify != "auto":
        return bench.config.verify
    # As the base has them: a change must not choose what it is judged by. A new project has nothing there yet.
    return (await layout_at(bench, base)).verify or (await layout_at(bench, await bench.worktree.head())).verify


async def prepared(bench: Bench, commit: str = "") -> Prepared:
    """What stands around the worktree for `commit` (else the task's last one), built if it is not there yet.

    Raises `GaveUp` when the base branch cannot be set up, `Transient` when somebody whom the task's own files need
    cannot be reached, `Stopped`, and GitError.
    """
    setup = bench.tools.setup
    base, now = bench.task.start_sha, commit or await bench.worktree.head()
    if known := bench.readied.get(now):
        return known
    first = await _look(bench, base)
    this = first if now == base else await _look(bench, now)
    wanted = _Wanted.of(bench.config, setup, first, await _furnished(bench, setup, base))
    own = wanted if now == base else _Wanted.of(bench.config, setup, this, await _furnished(bench, setup, now))
    ready: Prepared
    if own.key == wanted.key:
        ready = await _shared(bench, setup, replace(wanted, furniture=own.furniture))
    else:
        ready = await _own(bench, setup, wanted, own)
    bench.readied[now] = ready
    return ready


async def _furnished(bench: Bench, setup: Setup, commit: str) -> Furniture:
    return await furnish(bench, commit, setup.shelf.modules(bench.task.repo_id))


async def _look(bench: Bench, commit: str) -> Seen:
    return await look(bench.mirror, commit, bench.tools.setup.toolchains.has)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a commit asks for, by name."""

    seen: Seen
    order: Order
    key: str
    inputs: tuple[tuple[str, str], ...]
    furniture: Furniture
    odd_hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Config, setup: Setup, seen: Seen, furniture: Furniture) -> _Wanted:
        commands = {"auto": seen.layout.setup, "none": ()}.get(str(config.setup), config.setup)
        assert not isinstance(commands, str)
        rules, odd = hosts_of(config.network)
        public = tuple(Rule(host) for host in seen.layout.hosts)
        wall_s = config.limits.setup_minutes * 60
        order = Order(seen.layout, commands, (*public, *rules), wall_s, _need_pip(config, commands))
        inputs = seen.inputs(commands) if commands else ()
        marks = (str(setup.runtime.python), setup.sandbox.mode, *setup.toolchains.mark(seen.layout.needs))
        kinds = tuple(part.name for part in seen.layout.parts)
        return cls(seen, order, key((*kinds, *commands), inputs, marks), inputs, furniture, odd)

    @property
    def is_anything(self) -> bool:
        return bool(self.order.commands) or self.order.layout.has("python")


def _need_pip(config: Config, commands: tuple[str, ...]) -> bool:
    """Of commands that we did not choose nobody knows."""
    return any("pip" in line for line in commands) if config.setup == "auto" else bool(commands)


async def _shared(bench: Bench, setup: Setup, wanted: _Wanted) -> Prepared:
    try:
        around, refused = await _made(bench, setup, wanted, setup.shelf.shared(bench.task.repo_id, wanted.key))
    except SetupFailed as failed:
        await _say(bench, wanted)
        raise GaveUp(Reason.SETUP, failed.why) from failed
    await _say(bench, wanted, refused)
    return Prepared(wanted.seen.layout, around)


async def _own(bench: Bench, setup: Setup, base: _Wanted, own: _Wanted) -> Prepared:
    """An environment for this task at this commit alone: what an agent wrote decides what is in it."""
    changed = [path for path, sha in own.inputs if (path, sha) not in base.inputs]
    changed += [path for path, _ in base.inputs if path not in dict(own.inputs)]
    told = said.own_environment(changed) if changed else ""
    tree = await bench.mirror.tree_of(own.seen.commit)
    place = setup.shelf.private(bench.task.repo_id, bench.task.id, own.key, tree)
    try:
        around, refused = await _made(bench, setup, own, place)
    except SetupFailed as failed:
        if failed.may_pass:  # the change is not to blame when somebody else cannot be reached
            raise Transient(said.UNREACHABLE) from failed
        if failed.is_ours:  # the change is not to blame, and must not be asked to mend it
            raise GaveUp(Reason.SETUP, failed.why) from failed
        ready = await _shared(bench, setup, base)
        await _say(bench, base, more=(said.own_environment_failed(failed.why),))
        return replace(ready, failure=Failure(failed.command, failed.tail, failed.why))
    await _say(bench, own, refused, (told,) if told else ())
    return Prepared(own.seen.layout, around, is_own=True)


async def _made(bench: Bench, setup: Setup, wanted: _Wanted, place: Place) -> tuple[Surroundings, tuple[str, ...]]:
    """What stands around the worktree with the environment at `place`, and the hosts that its setup asked for in vain.

    Raises SetupFailed, Stopped.
    """
    worktree = bench.worktree.path.resolve()
    if not wanted.is_anything:
        note: Note | None = Note()
    else:
        note = place.note() or await _or_stopped(bench, _build(bench, setup, wanted, place))
    assert note is not None
    around = ways.using(place, wanted.seen.layout, note.mounts, setup.runtime.python, worktree)
    shown = {worktree / at: source for at, source in wanted.furniture.shown.items()}
    around = replace(around, mounts={**around.mounts, **dict(sorted(shown.items()))})
    return around if wanted.is_anything else replace(around, read_only=()), note.refused


async def _build(bench: Bench, setup: Setup, wanted: _Wanted, place: Place) -> Note:
    async with setup.shelf.alone(place):
        if note := place.note():  # somebody else was faster
            return note
        began = bench.now_ms()
        for is_last in (*[False] * (_TRIES - 1), True):
            try:
                made = await _try(bench, setup, wanted, place)
                break
            except SetupFailed as why:
                if is_last or not why.may_pass:
                    raise
        await bench.tools.store.measure("setup_ms", bench.now_ms() - began)
        return made


async def _try(bench: Bench, setup: Setup, wanted: _Wanted, place: Place) -> Note:
    try:
        await asyncio.to_thread(place.begin)
        await export(bench.mirror, wanted.seen.commit, place.tree)
        shown = {place.tree.resolve() / at: source for at, source in sorted(wanted.furniture.shown.items())}
        made = await setup.builder.build(place, wanted.order, shown, lambda line: _tell(bench, line))
        await asyncio.to_thread(place.finish, made)
        return made
    except BaseException as error:
        await asyncio.to_thread(place.clear)
        if isinstance(error, OSError) and error.errno in _DISK:
            # It would be read as a store that is away, and tried for ever.
            raise SetupFailed(said.disk(error.strerror or str(error)), "", "", is_ours=True) from error
        raise


async def _tell(bench: Bench, line: str) -> None:
    await bench.note(activity=said.setting_up(line))


async def _or_stopped(bench: Bench, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, or `Stopped` as soon as the lease says so."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(bench.lease.stopped.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Stopped
        return await working
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


async def _say(bench: Bench, wanted: _Wanted, refused: Sequence[str] = (), more: tuple[str, ...] = ()) -> None:
    """Put into the record how it is set up; what is not supported under the first task of the repository alone."""
    layout = wanted.seen.layout
    match bench.config.setup:
        case "auto":
            first = layout.says
        case "none":
            first = said.NOT_SET_UP
        case commands:
            first = said.explicit(commands)
    cannot = (*layout.cannot, *([said.not_hosts(wanted.odd_hosts)] if wanted.odd_hosts else []))
    cannot = (*cannot, *wanted.furniture.notes, *([said.did_without(refused)] if refused else []))
    if cannot:
        what = hashlib.sha256("\n".join(cannot).encode()).hexdigest()[:16]
        if not await bench.tools.store.says(f"setup:{bench.task.repo_id}:{what}", bench.task.id):
            cannot = ()
    told = tuple(cleaned(one) for one in (first, *cannot, *more))
    if told != bench.task.setup:
        await bench.note(setup=told)
