"""Where the App is installed: access that comes and goes, new repositories, new names."""

from core.tasks import PausedBy, State
from tests.stories.conftest import LABEL, Desk


async def test_suspended_and_back(desk: Desk) -> None:
    waiting, running, by_hand = await desk.issue("1"), await desk.issue("2"), await desk.issue("3")
    for issue in (waiting, running, by_hand):
        await desk.label(issue.number)
    await desk.run(running.number)
    await desk.comment(by_hand.number, "/pdev pause")
    await desk.by("owner").suspend_app()
    await desk.settle()
    for issue in (waiting, running):
        task = await desk.task(issue.number)
        assert (task.state, task.paused_by) == (State.PAUSED, PausedBy.INSTALLATION)
    await desk.by("owner").resume_app()
    await desk.settle()
    states = [(await desk.task(issue.number)).state for issue in (waiting, running, by_hand)]
    assert states == [State.QUEUED, State.QUEUED, State.PAUSED]


async def test_uninstalled_and_installed_again(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    old = desk.hub.installation_id
    await desk.by("owner").remove_app()
    await desk.settle()
    assert (await desk.task(issue.number)).paused_by is PausedBy.INSTALLATION
    installed = desk.hub.install(desk.hub.repo)
    await desk.settle()
    task = await desk.task(issue.number)
    assert (task.state, task.installation_id) == (State.QUEUED, installed.id)
    assert installed.id != old


async def test_a_repository_taken_away_and_given_back(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.by("owner").choose_repositories(remove=[desk.hub.repo])
    await desk.settle()
    assert (await desk.task(issue.number)).paused_by is PausedBy.INSTALLATION
    await desk.by("owner").choose_repositories(add=[desk.hub.repo])
    await desk.settle()
    assert (await desk.task(issue.number)).state is State.QUEUED


async def test_new_repositories_get_the_label(desk: Desk) -> None:
    other = desk.hub.add_repository("gadgets")
    await desk.by("owner").choose_repositories(add=[other])
    await desk.settle()
    label = other.labels[LABEL]
    assert label.description == "pdev works on this issue: setting it starts, removing it pauses"


async def test_a_repository_that_is_renamed(desk: Desk) -> None:
    issue = await desk.issue()
    await desk.label(issue.number)
    await desk.by("owner").rename_repository("gizmos")
    await desk.settle()
    assert (await desk.task(issue.number)).slug == f"acme/gizmos#{issue.number}"
    await desk.comment(issue.number, "/pdev cancel")
    assert (await desk.task(issue.number)).state is State.CANCELLED
