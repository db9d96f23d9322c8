"""`pdev up`: a whole pdev on one machine. Without REDIS_URL it brings its own Valkey along."""

import asyncio
from contextlib import ExitStack

from cli.processes import Child, Children
from core.log import configure, get
from core.settings import WEB_NEEDS, WORKER_NEEDS, Settings, environ
from core.signals import told_to_end
from core.valkey import start

_log = get(__name__)

_AGAIN_S = 1.0
"""Before a child that died is started again; doubled up to `_LONGEST_S`."""
_LONGEST_S = 30.0


async def run_up() -> int:
    """Run web and worker until SIGTERM or SIGINT, starting again what dies."""
    needs = {*WEB_NEEDS, *WORKER_NEEDS} - {"REDIS_URL"}
    settings = Settings.from_environ(environ(), needs=sorted(needs))
    configure(settings.log_level, settings.log_format, secrets=settings.secret_values())
    with ExitStack() as stack:
        stop = stack.enter_context(told_to_end())
        url = settings.redis_url or stack.enter_context(start(settings.data_dir / "valkey")).url
        children = Children({**environ(), "REDIS_URL": url})
        try:
            keepers = [asyncio.create_task(_keep(children, name, stop)) for name in ("web", "worker")]
            _log.info("pdev is up", web=f"http://{settings.host}:{settings.port}", redis="embedded" if not
                      settings.redis_url else "given")  # fmt: skip
            await stop.wait()
            await asyncio.gather(*keepers)
        finally:
            await children.stop()
    return 0


async def _keep(children: Children, name: str, stop: asyncio.Event) -> None:
    """Start a command again whenever it ends by itself."""
    pause = _AGAIN_S
    while not stop.is_set():
        child = await children.start(name, name)
        if await _ended(child, stop):
            children.all.remove(child)
            _log.error("a process ended and is started again", process=name, code=child.process.returncode)
            await _sleep(pause, stop)
            pause = min(_LONGEST_S, pause * 2)


async def _ended(child: Child, stop: asyncio.Event) -> bool:
    """True when the child ended by itself, False when we are to stop."""
    waits = [asyncio.create_task(child.process.wait()), asyncio.create_task(stop.wait())]
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return waits[0] in done and not stop.is_set()


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
