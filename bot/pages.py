"""The pages of the web process: what this is, and where a task stands.

A task's page is for whoever is given its address, `/t/<repository id>-<issue>`; nothing links to it yet. Everything in
it comes from the record and is escaped: titles are written by strangers.
"""

from aiohttp import web
from jinja2 import Environment

from core.messages import task_line
from core.progress import overall
from core.store import Store

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #1f2328 }
progress { width: 100% } dt { font-weight: 600 } code { background: #f0f1f3; padding: .1em .3em; border-radius: 4px }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3 } code { background: #21262d }
a { color: #4493f8 } }
</style></head><body>"""
_HOME = """<h1>pdev</h1>
<p>This is the web process of a <em>pdev</em> GitHub App. Label an issue <code>parallel-dev</code>, and coding agents
develop a change, review it and open a pull request. Everything else happens on <a href="{{ github }}">GitHub</a>;
<code>/pdev help</code> in a comment shows the commands.</p>
<p>GitHub delivers to <code>{{ webhook }}</code>. For operators: <a href="/healthz">is it alive</a>,
<a href="/readyz">can it work</a>, <a href="/metrics">numbers</a>.</p>"""
_TASK = """<h1>{{ task.trigger.title }} <small>#{{ task.issue }}</small></h1>
<p><a href="{{ github }}/{{ task.owner_login }}/{{ task.repo }}/issues/{{ task.issue }}">{{ task.slug }}</a></p>
<p><strong>{{ line }}</strong></p><progress max="100" value="{{ percent }}">{{ percent }} %</progress>
<dl>{% for run in task.stages %}<dt>{{ run.stage }}, round {{ run.round }}</dt>
<dd>{{ (run.outcome or "at work").replace("_", " ") }}{% if run.attempts > 1 %}, {{ run.attempts }} attempts{% endif %}
</dd>{% endfor %}{% if task.pr %}<dt>pull request</dt>
<dd><a href="{{ github }}/{{ task.owner_login }}/{{ task.repo }}/pull/{{ task.pr }}">#{{ task.pr }}</a></dd>{% endif %}
</dl>"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


class Pages:
    """`github` is the address of GitHub's pages, `webhook` the path of the webhook."""

    def __init__(self, store: Store, github: str, webhook: str) -> None:
        jinja = Environment(autoescape=True)
        self._store, self._github, self._webhook = store, github, webhook
        self._home, self._task = (jinja.from_string(_FRAME + body) for body in (_HOME, _TASK))

    async def home(self, request: web.Request) -> web.Response:
        return _html(self._home.render(title="pdev", github=self._github, webhook=self._webhook))

    async def task(self, request: web.Request) -> web.Response:
        """`/t/{task}`. Only of public repositories: there is no sign-in yet that could tell who may see more."""
        task = await self._store.task(request.match_info["task"])
        if task is None or task.private:
            raise web.HTTPNotFound(text="There is no such page. Tasks of private repositories have none yet.\n")
        page = self._task.render(
            title=task.slug, task=task, github=self._github, line=task_line(task), percent=overall(task)
        )
        return _html(page)


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", headers=_HEADERS)
