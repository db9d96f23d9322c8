"""Loading a repository's configuration through GitHub's API, and what of it a task's record keeps.

The web process has no clone, and nobody has one of the owner's `.github` repository. What is absent, forbidden or
broken means the same wherever it is found out, so both processes come here.
"""

import asyncio

from msgspec.structs import replace

from core.errors import Forbidden, NotFound, Refused
from core.github import GitHub, RepoDoor
from core.refs import RepoRef
from core.repoconfig import OWNER_REPOSITORY, PATH, Absent, Config, Invalid, Layer, Ok, Reading, Unreadable, read
from core.store import OwnerFile, Store
from core.tasks import Options, Task

_AT_ONCE = 4_000
"""Characters that take a few milliseconds; more are read beside the event loop."""


async def parsed(text: str | None, layer: Layer = Layer.REPOSITORY) -> Absent | Invalid | Ok:
    """What a file's text says; None: there is no file."""
    if text is None:
        return Absent()
    return read(text, layer) if len(text) <= _AT_ONCE else await asyncio.to_thread(read, text, layer)


async def file_of(door: RepoDoor, ref: str | None = None) -> str | Unreadable | None:
    """The file as it stands on the default branch, or at `ref`; None: there is none."""
    try:
        return await door.file(PATH, ref)
    except (Refused, Forbidden) as error:
        return Unreadable(error.sentence)


async def repository_reading(door: RepoDoor, ref: str | None = None) -> Reading:
    """The repository's own layer."""
    found = await file_of(door, ref)
    return found if isinstance(found, Unreadable) else await parsed(found)


async def owner_reading(github: GitHub, store: Store, installation_id: int, repository: RepoRef) -> Reading:
    """The layer of the owner's `.github` repository, at most five minutes old unless it was broken then.

    One that the App may not see is as good as absent. In that repository itself the file is the repository's own.
    """
    if repository.name.lower() == OWNER_REPOSITORY:
        return Absent()
    known = await store.owner_file(installation_id, repository.owner)
    if known is not None:
        return await parsed(known.text, Layer.OWNER)
    ref = RepoRef(repository.owner, OWNER_REPOSITORY)
    try:
        text = await github.repo(installation_id, ref, permissions={"contents": "read"}).file(PATH)
    except (NotFound, Forbidden):
        text = None
    except Refused as error:
        return Unreadable(error.sentence)
    reading = await parsed(text, Layer.OWNER)
    if not isinstance(reading, Invalid):  # a broken one is about to be mended, which must not wait
        await store.keep_owner_file(installation_id, repository.owner, OwnerFile(text))
    return reading


def options_of(config: Config, before: Options, *, private: bool, task: Task | None = None) -> Options:
    """What a task's record keeps of the configuration, for those who have only the record.

    Whether it has a draft is decided once it has a pull request.
    """
    draft = before.draft if task is not None and task.pr else config.draft
    return replace(
        before,
        branch_pattern=config.branch,
        max_rounds=config.review.rounds,
        draft=draft,
        ci=config.ci_of(private=private),
        transcripts=config.transcripts,
    )
