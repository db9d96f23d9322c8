"""`pdev demo`: a GitHub, a team and pdev on one machine, with real processes and real git.

The story is `demo.world`: six issues are labelled, agents work on them in their sandboxes, a maintainer merges one pull
request so that the issue it blocks can start. Its report is what people measure by, so its keys are stable
(`docs/demo.md`).
"""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack

from rich.console import Console

from cli.demo.report import as_json, save, write
from cli.demo.stage import open_stage
from cli.demo.story import Story
from cli.demo.table import Table
from cli.demo.wishes import Wishes
from core.tasks import TRIGGER_LABEL

__all__ = ["Wishes", "run_demo"]


async def run_demo(wishes: Wishes) -> int:
    """0 when every task ended as the world says; 1 when not; 2 when the demo could not run."""
    console = Console(stderr=True)
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(open_stage(wishes, console))
        story = Story(stage, wishes)
        await story.begin()
        table = Table(stage, console)
        if not await _watch(story, table, stop):
            return 130
        if wishes.once:
            report = await write(stage, story)
            console.print(table.ending(report))
            if wishes.json:
                save(report, wishes.json)
            else:
                sys.stdout.write(as_json(report))
            return 0 if report["ok"] else 1
        console.print(
            f"That was the story. Label an issue [bold]{TRIGGER_LABEL}[/] yourself, or comment [bold]/pdev help[/]: "
            f"[link={stage.hub.html_url}]{stage.hub.html_url}[/link]. Ctrl-C ends the demo."
        )
        await stop.wait()
    return 0


async def _watch(story: Story, table: Table, stop: asyncio.Event) -> bool:
    """Show what happens until the story has ended; False when somebody pressed Ctrl-C before that."""
    telling = asyncio.create_task(story.tell())
    stopping = asyncio.create_task(stop.wait())
    showing = asyncio.create_task(table.show())
    try:
        await asyncio.wait({telling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
        return telling.done()
    finally:
        for task in (telling, stopping, showing):
            task.cancel()
        await asyncio.gather(telling, stopping, showing, return_exceptions=True)
