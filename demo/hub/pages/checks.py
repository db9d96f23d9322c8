"""The page of a check run, and its buttons: an action that the App offered, re-run, re-run all."""

from aiohttp import web

from demo.hub.errors import not_found
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
