"""`pdev up`: a whole pdev on one machine. Without REDIS_URL it brings its own Valkey along."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from cli.keeper import kept_valkey
from cli.processes import Child, Children
from cli.worker import own_folder
from core.log import configure, get
from core.settings import WEB_NEEDS, WORKER_NEEDS, Settings, environ
from core.signals import told_to_end
from jobs.supervisor import MISTAKE, Patience

_log = get(__name__)

_PATIENCE = Patience(first_s=1, longest_s=30)


async def run_up() -> int:
    """Run web and worker until SIGTERM or SIGINT (0), starting again what dies.

    2 when one of them found a mistake that starting again does not mend; it has said which.
    """
    needs = {*WEB_NEEDS, *WORKER_NEEDS} - {"REDIS_URL"}
    settings = Settings.from_environ(environ(), needs=sorted(needs))
    configure(settings.log_level, settings.log_format, secrets=settings.secret_values())
    own_folder(settings.data_dir)
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(told_to_end())
        url = settings.redis_url or await stack.enter_async_context(
            kept_valkey(settings.data_dir / "valkey", _log.warning)
        )
        children = Children({**environ(), "REDIS_URL": url})
        stack.push_async_callback(children.stop)
        keepers = [Keeper(children, name, stop, _PATIENCE) for name in ("web", "worker")]
        keeping = [asyncio.create_task(keeper.keep()) for keeper in keepers]
        redis = "given" if settings.redis_url else "embedded"
        _log.info("pdev is up", web=f"http://{settings.host}:{settings.port}", redis=redis)
        return max(await asyncio.gather(*keeping))


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps one command running."""

    children: Children
    name: str
    stop: asyncio.Event
    patience: Patience

    async def keep(self) -> int:
        """Start it again whenever it ends by itself, until `stop` is set (0); its mistake ends everything (2)."""
        deaths = 0
        while not self.stop.is_set():
            began = time.monotonic()
            child = await self.children.start(self.name, self.name)
            if not await self._ended(child):
                break
            self.children.all.remove(child)
            if child.process.returncode == MISTAKE:
                _log.error("a process cannot run as it is set up; it has said why", process=self.name)
                self.stop.set()
                return MISTAKE
            deaths = self.patience.deaths(deaths, time.monotonic() - began)
            _log.error("a process ended and is started again", process=self.name, code=child.process.returncode)
            await self._sleep(self.patience.wait_s(deaths))
        return 0

    async def _ended(self, child: Child) -> bool:
        """True when the child ended by itself, False when we are to stop."""
        waits = [asyncio.create_task(child.process.wait()), asyncio.create_task(self.stop.wait())]
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return waits[0] in done and not self.stop.is_set()

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return
