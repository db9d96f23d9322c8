"""The page of a check run, and its buttons: an action that the App offered, re-run, re-run all."""

from aiohttp import web

from demo.hub import check_changes
from demo.hub.callers import may_use
from demo.hub.errors import not_found, unprocessable
from demo.hub.pages import views
from demo.hub.pages.site import Visit, page
from demo.hub.state import CheckRun


def run_of(visit: Visit) -> CheckRun:
    """The check run of the path. Raises 404."""
    run = visit.repo.check_runs.get(visit.number("run_id"))
    if run is None:
        raise not_found()
    return run


@page("GET", "/{owner}/{repo}/runs/{run_id}")
async def show_run(visit: Visit) -> web.Response:
    """A check run in full, among the others of its commit."""
    run = run_of(visit)
    pulls = [one for one in visit.repo.pulls() if one.head_sha == run.head_sha]
    runs = views.latest_runs(visit.repo, run.head_sha)
    return visit.show("run.html", counts=views.tally(visit.repo), run=run, runs=runs, pulls=pulls)


@page("POST", "/{owner}/{repo}/runs/{run_id}/press")
async def press_action(visit: Visit) -> web.Response:
    """Press a button that the App put on a completed run; there is no REST call for it, only a webhook comes of it."""
    run = run_of(visit)
    may_use(visit.caller, visit.repo, role="write", writes=True)
    wanted = visit.said("identifier")
    if run.status != "completed" or all(one.identifier != wanted for one in run.actions):
        raise unprocessable("The App took this button away: the check run has changed since the page was shown.")
    await check_changes.press(visit.hub, visit.repo, run, wanted, visit.caller)
    return visit.go(f"{visit.base}/runs/{run.id}")


@page("POST", "/{owner}/{repo}/runs/{run_id}/rerun")
async def rerun(visit: Visit) -> web.Response:
    """Ask the App to run one check again."""
    run = run_of(visit)
    await visit.ask_repo("POST", f"/check-runs/{run.id}/rerequest")
    return visit.go(f"{visit.base}/runs/{run.id}")


@page("POST", "/{owner}/{repo}/suites/{suite_id}/rerun")
async def rerun_all(visit: Visit) -> web.Response:
    """Ask the App to run all checks of the commit again."""
    suite = visit.repo.check_suites.get(visit.number("suite_id"))
    if suite is None:
        raise not_found()
    await visit.ask_repo("POST", f"/check-suites/{suite.id}/rerequest")
    return visit.go(f"{visit.base}/commit/{suite.head_sha}")
