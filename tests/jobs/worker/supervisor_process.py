"""A supervisor process for the tests: `supervisor_process.py REDIS_URL WORKER_ID COMMAND…`."""

import asyncio
import logging
import sys

from core.clock import SystemClock
from jobs.supervisor import Patience, supervise


def main() -> int:
    redis_url, worker_id, *command = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, format="supervisor %(asctime)s %(message)s")
    patience = Patience(first_s=0.01, longest_s=0.1, stop_s=2.5)
    return asyncio.run(
        supervise(command, redis_url=redis_url, clock=SystemClock(), worker_id=worker_id, patience=patience)
    )


if __name__ == "__main__":
    sys.exit(main())
