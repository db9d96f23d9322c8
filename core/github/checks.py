"""Check runs: what GitHub shows beside a commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack

from core.github import calls
from core.github.answers import CheckRun
from core.github.budget import Kind
from core.github.issues import RepoCalls


class CheckFields(TypedDict):
    """What both making and changing a check run may say; GitHub's limits: 3 actions, 65,535 characters a text.

    `status`: queued|in_progress|completed. `conclusion` (completes it): success|failure|neutral|cancelled|skipped|
    timed_out|action_required. `output`: `{title, summary, text, annotations}` with at most 50 annotations a call, which
    GitHub adds to those it has. `actions`: `{label, description, identifier}` of at most 20, 40 and 20 characters.
    """

    status: NotRequired[str]
    conclusion: NotRequired[str]
    started_at: NotRequired[datetime]
    completed_at: NotRequired[datetime]
    details_url: NotRequired[str]
    external_id: NotRequired[str]
    output: NotRequired[Mapping[str, Any]]
    actions: NotRequired[Sequence[Mapping[str, str]]]


class CheckCalls(RepoCalls):
    """Check runs belong to a commit of this repository; only the App that made one may change it."""

    async def create_check_run(
        self, name: str, head_sha: str, *, budget: Kind = "end", **fields: Unpack[CheckFields]
    ) -> CheckRun:
        """Not repeated when no answer came: look for it with `check_runs(sha, name)` and its `external_id`."""
        data = {"name": name, "head_sha": head_sha} | _json(fields)
        return await self._sender.send(calls.CREATE_CHECK_RUN, CheckRun, self._at(), data, budget=budget)

    async def update_check_run(
        self, check_run_id: int, *, budget: Kind = "end", **fields: Unpack[CheckFields]
    ) -> CheckRun:
        return await self._sender.send(
            calls.UPDATE_CHECK_RUN, CheckRun, self._at(check_run_id=check_run_id), _json(fields), budget=budget
        )

    async def check_runs(self, sha: str, name: str | None = None) -> list[CheckRun]:
        """All check runs of a commit (every App's), or those of one name; the latest of each name and suite."""
        where = {"sha": sha} | ({"check_name": name} if name else {})
        return await self._sender.get_all(calls.LIST_CHECK_RUNS, CheckRun, self._at(**where), key="check_runs")


def _json(fields: CheckFields) -> dict[str, Any]:
    data: dict[str, Any] = dict(fields)
    for name in ("started_at", "completed_at"):
        if name in data:
            data[name] = f"{data[name]:%Y-%m-%dT%H:%M:%SZ}"
    return data
