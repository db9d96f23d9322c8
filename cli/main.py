"""The commands of `pdev`. Each imports what it needs only when it runs, so that `pdev web` stays small."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import PdevError, Transient
from core.tasks import Stage

app = typer.Typer(
    help="Label issues, and coding agents work on them side by side.", no_args_is_help=True, add_completion=False,
    pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip

config = typer.Typer(help="The configuration of repositories, `.github/pdev.yml`.", no_args_is_help=True)
app.add_typer(config, name="config")


def main() -> None:
    """Run the command line; a mistake is one sentence and exit code 2, never a traceback.

    What goes away by itself ends with 1, so that whoever watches us starts us again.
    """
    try:
        app(standalone_mode=True)
    except PdevError as error:
        typer.echo(f"pdev: {error}", err=True)
        sys.exit(1 if isinstance(error, Transient) else 2)


def _run(main: Coroutine[Any, Any, int]) -> None:
    try:
        code = asyncio.run(main)
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


@app.command()
def up() -> None:
    """Run everything on this machine: web, worker and, without REDIS_URL, an embedded Valkey."""
    from cli.up import run_up

    _run(run_up())


@app.command()
def web() -> None:
    """Run the web process: webhooks in, decisions out. Needs REDIS_URL."""
    from cli.web import run

    _run(run())


@app.command()
def worker(
    worker_id: Annotated[str, typer.Option("--id", help="Name of this worker; made up when absent.")] = "",
    child: Annotated[bool, typer.Option("--child", hidden=True)] = False,
) -> None:
    """Run a worker: agents, scheduling, reports. Needs REDIS_URL. It is started again when it dies."""
    from cli import worker as room

    _run(room.run(worker_id) if child else room.supervised(worker_id))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End when every task is settled.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write the report here.")] = None,
    kill_worker_at: Annotated[
        Stage | None, typer.Option("--kill-worker-at", help="Kill a worker with -9 when an agent enters this stage.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=8, help="Worker processes.")] = 2,
    slots: Annotated[int, typer.Option(min=1, max=16, help="Agents that each worker runs at once.")] = 2,
    data: Annotated[Path | None, typer.Option(help="Keep the data here instead of a temporary folder.")] = None,
    port: Annotated[int, typer.Option(help="Port of the simulated GitHub; 0 picks a free one.")] = 0,
    fast: Annotated[bool, typer.Option("--fast", help="Agents do not pretend to think.")] = False,
) -> None:
    """Watch labelled issues become pull requests on a simulated GitHub."""
    from cli.demo import Wishes, run_demo

    _run(run_demo(Wishes(once, json, kill_worker_at, workers, slots, data, port, fast)))


@app.command()
def hub(
    port: Annotated[int, typer.Option(help="Where it listens; 0 picks a free port.")] = 0,
    data: Annotated[Path, typer.Option(help="Where repositories and keys are kept.")] = Path(".pdev/hub"),
    webhook_url: Annotated[str, typer.Option(help="Where deliveries go; empty: nowhere.")] = "",
) -> None:
    """Run the simulated GitHub alone; prints one JSON line that says how to reach it."""
    from cli.ports import told_if_taken
    from demo.hub.serve import serve

    async def run() -> int:
        with told_if_taken(port, "--port"):
            await serve(port, data, webhook_url)
        return 0

    _run(run())


@app.command()
def doctor(json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Say what is missing on this machine and how to mend it; exit code 1 when something is."""
    from cli.doctor import run_doctor

    _run(run_doctor(as_json=json))


@config.command("check")
def config_check(file: Annotated[Path, typer.Argument(help="A pdev.yml.")]) -> None:
    """Print every problem of the file with its line, or what is in force with it; exit code 1 when there is one."""
    from cli.config import check

    raise typer.Exit(check(file))
