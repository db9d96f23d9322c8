"""What the person at the command line asked for."""

from dataclasses import dataclass
from pathlib import Path

from core.tasks import Stage


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of `pdev demo`."""

    once: bool = False
    json: Path | None = None
    kill_worker_at: Stage | None = None
    workers: int = 2
    slots: int = 2
    data: Path | None = None
    port: int = 0
    fast: bool = False
