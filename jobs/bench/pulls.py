"""The pull request of a task: opened as a draft, reviewed, described, made ready; withdrawn if nothing came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.errors import GitHubAway, Refused
from core.messages import pulls as words
from core.messages.words import finding
from core.tasks import Finding, Task
from jobs.git import GitError, GitKind

if TYPE_CHECKING:
    from core.github import Pull
    from jobs.agents.results import FinalizerResult
    from jobs.bench import Bench

_STAYS = frozenset({GitKind.CONFLICT, GitKind.REJECTED, GitKind.DENIED})
"""Why a ref may be left standing: somebody has put something there, or a rule of the repository keeps it."""


async def open_pull(bench: Bench) -> None:
    """Find the open pull request of our branch, or open one: a draft, or `[WIP]` where drafts are not to be had."""
    task = bench.task
    if task.pr and (await bench.door.pull(task.pr)).state == "open":
        return
    found = await bench.door.pulls(head=f"{task.owner_login}:{task.branch}", state="open")
    pull = found[0] if found else await _create(bench)
    await bench.note(pr=pull.number, pr_node=pull.node_id)


async def _create(bench: Bench) -> Pull:
    task = bench.task
    drafts = task.options.draft
    await bench.fence()
    try:
        return await bench.door.create_pull(
            title=words.draft_title(task, drafts=drafts), head=task.branch, base=task.base,
            body=words.draft_body(task), draft=drafts,
        )  # fmt: skip
    except Refused as refused:
        said = " ".join(refused.messages).lower()
        if drafts and "draft" in said:
            await bench.note(options=replace(task.options, draft=False))
            return await _create(bench)
        found = await bench.door.pulls(head=f"{task.owner_login}:{task.branch}", state="open")
        if "already exists" in said and found:
            return found[0]
        raise


async def post_review(bench: Bench, findings: tuple[Finding, ...], summary: str) -> None:
    """The round's findings as a review of the pull request, once; nothing where its code is not on the branch yet."""
    task = replace(bench.task, findings=findings)
    if task.pr is None or task.head_sha != task.checkpoint_sha:
        return
    if not await _is_reviewed(bench, task):
        await bench.fence()
        try:
            await _create_review(bench, task, findings, summary)
        except GitHubAway:
            if not await _is_reviewed(bench, task):  # else only the answer was lost: no reason to review once more
                raise


async def _is_reviewed(bench: Bench, task: Task) -> bool:
    """Whether this round's review stands there; a person who copies the marker keeps nobody from reviewing."""
    marker = words.review_marker(task)
    reviews = await bench.door.reviews(task.pr or 0)
    return any(r.body.startswith(marker) and r.user and r.user.type == "Bot" for r in reviews)


async def _create_review(bench: Bench, task: Task, findings: tuple[Finding, ...], summary: str) -> None:
    assert task.pr is not None, "a task that is reviewed has a pull request"
    lines = [f for f in findings if f.state == "open" and f.round == task.round and f.file and f.line]
    comments = [{"path": f.file, "line": f.line, "side": "RIGHT", "body": finding(f)} for f in lines]
    try:
        body = words.review_body(task, summary, at_lines={f.id for f in lines})
        await bench.door.create_review(task.pr, body=body, comments=comments, commit_id=task.head_sha)
    except Refused:
        # GitHub refuses the whole review for one line outside the diff; then all findings stand in the body.
        body = words.review_body(task, summary)
        await bench.fence()
        await bench.door.create_review(task.pr, body=body, comments=[], commit_id=task.head_sha)


async def finish(bench: Bench, done: FinalizerResult) -> None:
    """Give the pull request its title and description, and mark it ready for review."""
    task = bench.task
    assert task.pr is not None, "a task that is finalized has a pull request"
    await bench.fence()
    await bench.door.edit_pull(
        task.pr, title=words.final_title(task, done.title), body=words.final_body(task, done.body, done.tested)
    )
    if (await bench.door.pull(task.pr)).draft:
        await bench.fence()
        try:
            await bench.door.mark_ready(task.pr_node)
        except GitHubAway:
            if (await bench.door.pull(task.pr)).draft:
                raise


async def withdraw(bench: Bench) -> None:
    """Close the pull request and delete branch and checkpoint of a task that changed nothing."""
    task = bench.task
    if task.pr and (await bench.door.pull(task.pr)).state == "open":
        await bench.still_ours()
        await bench.door.edit_pull(task.pr, state="closed")
    token = await bench.token()
    for ref, sha in ((f"refs/heads/{task.branch}", task.head_sha), (task.wip_ref, bench.wip_sha)):
        if sha:
            await bench.still_ours()
            try:
                await bench.mirror.delete_remote(token, ref, sha)
            except GitError as error:
                if error.kind not in _STAYS:
                    raise
    bench.wip_sha = ""
    await bench.note(head_sha="", tip_sha="", checkpoint_sha="")
