"""The pages that anybody may see: what this is, and where a task of a public repository stands."""

from aiohttp import web

from bot.pages.frame import page
from core.messages import task_line
from core.progress import overall
from core.store import Store


class Pages:
    """`github` is the address of GitHub's pages, `webhook` the path of the webhook."""

    def __init__(self, store: Store, github: str, webhook: str) -> None:
        self._store, self._github, self._webhook = store, github, webhook

    async def home(self, request: web.Request) -> web.Response:
        return page("home", title="pdev", github=self._github, webhook=self._webhook)

    async def task(self, request: web.Request) -> web.Response:
        """`/t/{task}`. Only of public repositories: there is no sign-in yet that could tell who may see more."""
        task = await self._store.task(request.match_info["task"])
        if task is None or task.private:
            raise web.HTTPNotFound(text="There is no such page. Tasks of private repositories have none yet.\n")
        return page(
            "task", title=task.slug, task=task, github=self._github, line=task_line(task), percent=overall(task)
        )
