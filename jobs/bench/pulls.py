"""The pull request of a task: opened as a draft, withdrawn if nothing came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.errors import Refused
from core.messages import pulls as words
from jobs.git import GitError, GitKind

if TYPE_CHECKING:
    from core.github import Pull
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
