"""The embedded Valkey of `pdev up` and `pdev demo`, kept alive: Redis may die at any line, so ours may too.

Nobody else starts it again: web and workers only know an address, and an operator who set no REDIS_URL can mend none.
Everything answered is on its disk, so a new server on the same folder and socket is the old one after a pause.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from core.cancellation import is_cancelled, pause
from core.errors import OperatorError
from core.valkey import EmbeddedValkey, start

_LOOK_S = 0.1
_START_S = 10.0
"""The longest that one try to start it again may hold up everything else in this process."""
_AGAIN_S, _LONGEST_S = 0.5, 30.0
"""Between two tries that failed; doubled each time."""
ENDED = "The embedded Valkey ended by itself and is started again on the same data."
BACK = "The embedded Valkey is back."


@asynccontextmanager
async def kept_valkey(data_dir: Path, tell: Callable[[str], None]) -> AsyncIterator[str]:
    """Its address, the same for as long as it is kept; stopped at the end if it is ours.

    For the main thread (`core.valkey.start` says why). `tell` gets a sentence at the beginning of an outage, for each
    new reason why it lasts, and at its end. Raises `OperatorError` when it does not start the first time.
    """
    kept = _Kept(data_dir, tell)
    keeping = asyncio.create_task(kept.keep())
    try:
        yield kept.server.url
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        kept.server.stop()


class _Kept:
    def __init__(self, data_dir: Path, tell: Callable[[str], None]) -> None:
        self._data_dir = data_dir
        self._tell = tell
        self.server: EmbeddedValkey = start(data_dir)

    async def keep(self) -> None:
        while not is_cancelled():
            await pause(_LOOK_S)
            if not self.server.is_up():
                await self._again()

    async def _again(self) -> None:
        said, wait_s = ENDED, _AGAIN_S
        self._tell(said)
        while not is_cancelled():
            try:
                self.server = start(self._data_dir, patience_s=_START_S)
            except (OperatorError, OSError) as error:
                if str(error) != said:
                    said = str(error)
                    self._tell(said)
                await pause(wait_s)
                wait_s = min(_LONGEST_S, wait_s * 2)
            else:
                self._tell(BACK)
                return
