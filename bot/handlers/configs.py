"""The repository's configuration as the web process meets it: at a label, a push, a pull request, and when asked.

Nobody has to restart anything, or set a label again, after mending a file: the push that mends it is heard, and
whoever waited for that goes on.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from bot import policy
from bot.effects import judged
from bot.events import CheckRunEvent, PullEvent
from bot.handlers.case import Case
from core.configured import file_of, options_of, owner_reading, parsed, repository_reading
from core.github import CheckFields, RepoDoor
from core.messages.config import CHECK, GOOD, Source, Verdict, verdict, waits
from core.messages.inforce import broken_answer, effective_answer
from core.repoconfig import (
    OWNER_REPOSITORY,
    PATH,
    Absent,
    Broken,
    Effective,
    Invalid,
    Reading,
    Unreadable,
    in_force,
)
from core.tasks import Reason, State, Task

_EXTERNAL_ID = "config"


async def in_force_now(case: Case, door: RepoDoor | None = None, repo_id: int = 0) -> Effective | Broken:
    """What holds in the delivery's repository, or another one of its owner; noted for the scheduler."""
    door, repo_id = door or case.door, repo_id or case.repo_id
    found = in_force(await repository_reading(door), await _owner(case, door))
    if isinstance(found, Effective):
        await case.store.saw_config(repo_id, found)
    return found


async def _owner(case: Case, door: RepoDoor) -> Reading:
    return await owner_reading(case.desk.github, case.store, case.installation_id, door.ref)


def source(door: RepoDoor, commit: str = "HEAD") -> Source:
    return Source(door.ref.owner, door.ref.name, door.server_url, commit)


def fitted(task: Task, config: Effective | Broken, case: Case) -> Task:
    """A new task as this configuration wants it; one that is broken makes it wait before anything is done."""
    if isinstance(config, Effective):
        return replace(task, options=options_of(config.config, task.options, private=task.private))
    if task.state is State.WAITING_INPUT:  # the question whether to start at all comes first
        return task
    told = waits(config.problems, source(case.door))
    return replace(task, state=State.WAITING_INPUT, reason=Reason.CONFIG, question=told)


async def on_changed(case: Case) -> str:
    """A push may have changed the file: of this repository, or of all repositories of this owner."""
    here, told = case.door.ref, []
    others: Sequence[Task] = ()
    if here.name.lower() == OWNER_REPOSITORY:
        await case.store.forget_owner_file(case.installation_id, here.owner)
        others = [task for task in await case.store.tasks() if task.installation_id == case.installation_id]
    doors = {case.repo_id: case.door}
    for task in others:
        if task.repo_id not in doors:
            doors[task.repo_id] = case.desk.github.repo(case.installation_id, task.repository, repo_id=task.repo_id)
    for repo_id, door in doors.items():
        told.append(await _look_again(case, door, repo_id))
    return "; ".join(told)


async def _look_again(case: Case, door: RepoDoor, repo_id: int) -> str:
    """Let those who wait for a mended file go on, or tell them what is still wrong."""
    found = await in_force_now(case, door, repo_id)
    waiting = [task for task in await case.store.tasks(repo_id=repo_id) if task.reason == Reason.CONFIG]
    for task in waiting:
        if isinstance(found, Effective):
            await judged(case.store, task.id, policy.on_config_mended, case.now_ms)
        else:
            await _tell(case, task, waits(found.problems, source(door)))
    return f"{door.ref}: {'in force' if isinstance(found, Effective) else 'broken'}, {len(waiting)} tasks waited for it"


async def _tell(case: Case, task: Task, told: str) -> None:
    def step(task: Task) -> Task | None:
        return replace(task, question=told) if task.reason == Reason.CONFIG and task.question != told else None

    await case.store.change(task.id, step)


async def answer(case: Case) -> str:
    """`/pdev config`."""
    found, where = await in_force_now(case), source(case.door)
    if isinstance(found, Broken):
        return broken_answer(found.problems, where)
    private = case.event.repository is not None and case.event.repository.private
    return effective_answer(found, where, private=private)


# ── on a pull request ───────────────────────────────────────────────────────────────────────────────────────────────


async def check_pull(event: PullEvent, case: Case) -> str:
    """Judge the file as a pull request would leave it, where it changes it.

    One call where there is no such file, two where it is as on the default branch; else changed paths are read.
    """
    sha = event.pull_request.head.sha
    if not event.changes_default or not sha:
        return "it is not meant for the default branch"
    theirs = await file_of(case.door, sha)
    if theirs is None or theirs == await file_of(case.door):
        return "the configuration is as it was"
    if not await case.door.changes(event.pull_request.number, PATH):
        return "the pull request is behind the configuration"
    return await _conclude(case, sha, theirs)


async def check_again(event: CheckRunEvent, case: Case) -> str:
    """ "Re-run" on the check: the owner's file may have changed since."""
    sha = event.check_run.head_sha
    theirs = await file_of(case.door, sha)
    return "there is no file" if theirs is None else await _conclude(case, sha, theirs)


async def _conclude(case: Case, sha: str, theirs: str | Unreadable) -> str:
    """One check run for each head; whoever did it before and died is found by its name."""
    wanted = await _verdict(case, sha, theirs)
    fields: CheckFields = {
        "status": "completed", "conclusion": wanted.conclusion, "external_id": _EXTERNAL_ID,
        "output": {"title": wanted.title, "summary": wanted.summary, "annotations": list(wanted.annotations)},
    }  # fmt: skip
    found = [run for run in await case.door.check_runs(sha, CHECK) if run.external_id == _EXTERNAL_ID]
    if not found:
        await case.door.create_check_run(CHECK, sha, **fields)
    elif found[0].conclusion != wanted.conclusion:
        await case.door.update_check_run(found[0].id, **fields)
    return f"the configuration on {sha[:7]} is {wanted.conclusion}"


async def _verdict(case: Case, sha: str, theirs: str | Unreadable) -> Verdict:
    reading = theirs if isinstance(theirs, Unreadable) else await parsed(theirs)
    owner = await _owner(case, case.door)
    if isinstance(owner, Invalid | Unreadable):  # not the fault of this change
        owner = Absent()
    found = in_force(reading, owner)
    return verdict(found.problems, source(case.door, sha)) if isinstance(found, Broken) else GOOD
