"""Where the App is installed, and under which names: access that comes and goes, and repositories that are renamed."""

from collections.abc import Sequence

from msgspec.structs import replace

from bot import policy
from bot.effects import acted, judged
from bot.events import InstallationEvent, RepositoryEvent
from bot.handlers.case import Case
from bot.payloads import ShortRepository
from core.errors import UserError
from core.messages import LABEL_COLOR, LABEL_DESCRIPTION
from core.refs import RepoRef
from core.tasks import TRIGGER_LABEL, Task


async def on_added(event: InstallationEvent, case: Case) -> str:
    """Installed, or given more repositories: each gets the label, and its old tasks go on."""
    repositories = (event.repositories or ()) + event.repositories_added
    for repository in repositories:
        for task in await case.store.tasks(repo_id=repository.id):
            await _give_back(task, case)
    made = [await _label(repository, case) for repository in repositories]
    return f"label made in {sum(made)} of {len(made)} repositories"


async def _label(repository: ShortRepository, case: Case) -> bool:
    door = case.desk.github.repo(case.installation_id, RepoRef.parse(repository.full_name), repo_id=repository.id)
    try:
        return await door.ensure_label(TRIGGER_LABEL, LABEL_COLOR, LABEL_DESCRIPTION)
    except UserError:
        # An archived repository, or one without issues: it has no use for the label, and the others do.
        return False


async def _give_back(task: Task, case: Case) -> None:
    """A new installation has a new id; the old one's tokens are void."""
    installation = case.installation_id

    def step(task: Task) -> Task | None:
        here = replace(task, installation_id=installation)
        after = acted(policy.on_access_back(here), here, case.now_ms)
        return after or (here if here != task else None)

    await case.store.change(task.id, step)


async def on_removed(event: InstallationEvent, case: Case) -> str:
    """Some repositories were taken away."""
    taken = {repository.id for repository in event.repositories_removed}
    return await _pause([task for task in await case.store.tasks() if task.repo_id in taken], case)


async def on_lost(event: InstallationEvent, case: Case) -> str:
    """The App was uninstalled or suspended."""
    return await _pause(await _tasks(case), case)


async def on_back(event: InstallationEvent, case: Case) -> str:
    """The suspension ended, or new permissions were granted."""
    tasks = await _tasks(case)
    for task in tasks:
        await _give_back(task, case)
    return f"{len(tasks)} tasks have access again"


async def _tasks(case: Case) -> Sequence[Task]:
    return [task for task in await case.store.tasks() if task.installation_id == case.installation_id]


async def _pause(tasks: Sequence[Task], case: Case) -> str:
    for task in tasks:
        await judged(case.store, task.id, policy.on_access_lost, case.now_ms)
    return f"{len(tasks)} tasks lost access"


async def on_renamed(event: RepositoryEvent, case: Case) -> str:
    """A new name or owner. Records go by GitHub's id and keep the name only to speak of it."""
    owner, name = event.repository.owner_login, event.repository.name
    tasks = await case.all_tasks()
    for task in tasks:
        await case.store.change(
            task.id,
            lambda t: None if (t.owner_login, t.repo) == (owner, name) else replace(t, owner_login=owner, repo=name),
        )
    return f"{len(tasks)} tasks are called {owner}/{name} now"


async def on_publicized(event: RepositoryEvent, case: Case) -> str:
    """Everybody may write issues here from now on, so what is not on a branch yet waits for approval."""
    ci = policy.default_ci(private=False)
    tasks = await case.all_tasks()
    for task in tasks:
        await case.store.change(task.id, lambda t: replace(t, private=False, options=replace(t.options, ci=ci)))
    return f"{len(tasks)} tasks ask before code reaches a branch"


async def on_privatized(event: RepositoryEvent, case: Case) -> str:
    """Not everybody may see what happens here any more; nor what happened before."""
    return f"{await hide(case)} tasks have no page any more"


async def hide(case: Case) -> int:
    """Mark every task of the repository as private; how many were not."""
    shown = [task for task in await case.all_tasks() if not task.private]
    for task in shown:
        await case.store.change(task.id, lambda t: replace(t, private=True))
    return len(shown)
