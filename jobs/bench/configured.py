"""The repository's configuration, read anew at each attempt from the tip of its default branch.

Never from the task's own branch or a pull request: agents write there, and so may strangers. A file that is broken
stops the task until somebody mends it, because every guess at what it meant would spend money or push code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.configured import options_of, owner_reading, parsed
from core.messages.config import NOT_A_FILE, NOT_UTF8, Source, too_large, waits
from core.repoconfig import MAX_CHARACTERS, PATH, Broken, Effective, Reading, Unreadable, in_force
from core.tasks import Reason, State, resumed
from jobs.git import GitError, GitKind
from jobs.stops import NeedsPerson

if TYPE_CHECKING:
    from core.tasks import Task
    from jobs.bench import Bench
    from jobs.git import Mirror

_CAP = 4 * MAX_CHARACTERS
"""Bytes; a character has at most four."""


async def configure(bench: Bench, sightings: int) -> None:
    """Put what is in force into `bench.config`, and into the record what of it others need.

    `sightings`: how often a good configuration had been seen before the repository was fetched. Raises `NeedsPerson`.
    """
    bench.sightings = sightings
    task = bench.task
    repository = await bench.door.repository()
    bench.default_branch = repository.default_branch
    own = await _from_git(bench.mirror, await bench.mirror.fetched(f"refs/heads/{repository.default_branch}"))
    owner = await owner_reading(bench.tools.github, bench.tools.store, task.installation_id, task.repository)
    general = in_force(own, owner)
    if isinstance(general, Effective):
        await bench.tools.store.saw_config(task.repo_id, general)
    effective = in_force(own, owner, task.options.given) if task.options.given else general
    if isinstance(effective, Broken):
        where = Source(task.owner_login, task.repo, bench.door.server_url)
        raise NeedsPerson(None, Reason.CONFIG, waits(effective.problems, where))
    bench.config = effective.config
    await bench.save(lambda task: _noted(task, effective, private=repository.private))


def _noted(task: Task, effective: Effective, *, private: bool) -> Task | None:
    """The record with what has changed. One that says public is right: its delivery may be newer than our answer."""
    options = options_of(effective.config, task.options, private=private and task.private, task=task)
    return None if options == task.options else replace(task, options=options)


async def _from_git(mirror: Mirror, tip: str | None) -> Reading:
    entry = (await mirror.entries(tip, [PATH])).get(PATH) if tip else None
    if entry is None:
        return await parsed(None)
    if not entry.is_file:
        return Unreadable(NOT_A_FILE)
    try:
        return await parsed((await mirror.read_blob(entry.sha, cap=_CAP)).decode("utf-8"))
    except UnicodeDecodeError:
        return Unreadable(NOT_UTF8)
    except GitError as error:
        if error.kind is not GitKind.TOO_LARGE:
            raise
        return Unreadable(too_large(MAX_CHARACTERS))


async def go_on_if_mended(bench: Bench) -> None:
    """Whoever mended the file while we were reading it found nobody waiting yet: so we look once more ourselves."""
    task, store = bench.task, bench.tools.store
    if task.reason != Reason.CONFIG or await store.config_sightings(task.repo_id) == bench.sightings:
        return

    def step(task: Task) -> Task | None:
        waits_still = task.state is State.WAITING_INPUT and task.reason == Reason.CONFIG
        return resumed(task, bench.now_ms()) if waits_still else None

    await store.change(task.id, step)
