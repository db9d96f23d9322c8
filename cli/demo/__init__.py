"""`pdev demo`: a GitHub, a team and pdev on one machine, with real processes and real git.

The story is `demo.world`: eight issues are labelled, agents work on them in their sandboxes, a maintainer answers one's
question and merges one pull request so that the issue it blocks can start. Its report is what people measure by, so
its keys are stable (`docs/demo.md`).
"""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from redis.exceptions import RedisError
from rich.console import Console

from cli.demo.report import as_json, check, save, write
from cli.demo.stage import open_stage
from cli.demo.story import Story
from cli.demo.table import Table, ending
from cli.demo.wishes import Wishes
from core.errors import OperatorError
from core.signals import told_to_end
from core.tasks import TRIGGER_LABEL

__all__ = ["Wishes", "run_demo"]


async def run_demo(wishes: Wishes) -> int:
    """0 when every task ended as the world says; 1 when not; 2 when the demo could not run; 130 when it was ended."""
    console = Console(stderr=True)
    if wishes.json:
        check(wishes.json)
    try:
        return await _run(wishes, console)
    except RedisError as error:
        raise OperatorError(
            f"The demo's own Valkey does not answer any more ({type(error).__name__}).",
            "Start the demo again; with `--data DIR` what it wrote is in DIR.",
            code="VALKEY_AWAY",
        ) from error


async def _run(wishes: Wishes, console: Console) -> int:
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(told_to_end())
        story = await _unless(stop, _told(wishes, console, stack))
        if story is None:
            return 130
        if wishes.once:
            report = await write(story.stage, story)
            console.print(ending(report))
            if wishes.json:
                save(report, wishes.json)
            else:
                sys.stdout.write(as_json(report))
            return 0 if report["ok"] else 1
        address = story.stage.hub.html_url
        console.print(
            f"That was the story. Label an issue [bold]{TRIGGER_LABEL}[/] yourself, or comment [bold]/pdev help[/]: "
            f"[link={address}]{address}[/link]. Ctrl-C ends the demo."
        )
        await stop.wait()
    return 0


async def _told(wishes: Wishes, console: Console, stack: AsyncExitStack) -> Story:
    """Set the stage, which `stack` takes down again, and show the story until it has ended."""
    stage = await stack.enter_async_context(open_stage(wishes, console))
    story = Story(stage, wishes)
    await story.begin()
    showing = asyncio.create_task(Table(stage, console).show())
    try:
        await story.tell()
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    return story


async def _unless(stop: asyncio.Event, doing: Coroutine[Any, Any, Story]) -> Story | None:
    """What it comes to; None when somebody wants to end before that, and then it has been cleared away."""
    task, stopping = asyncio.create_task(doing), asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    is_stopped = not task.done()
    for one in (task, stopping):
        one.cancel()
    await asyncio.gather(task, stopping, return_exceptions=True)
    return None if is_stopped else task.result()
