"""Which trouble an attempt is put off for, how long, and what counts as a crash: a table."""

import errno
from collections.abc import Callable

import pytest

from core.clock import ShiftedClock
from core.errors import GitHubAway, RateLimited, Transient
from core.messages.notes import put_off
from core.tasks import Task
from jobs.git import GitError, GitKind
from jobs.lease import Grant, Lease, Terms, beat_connection
from jobs.worker.attempts import End, judge


def git(kind: GitKind) -> GitError:
    return GitError(kind, "fetch", "words")


@pytest.mark.parametrize(
    ("error", "before", "pause_s", "crashed"),
    [
        (git(GitKind.NETWORK), 0, 2, False),
        (git(GitKind.NETWORK), 3, 16, False),
        (git(GitKind.TIMEOUT), 100, 600, False),
        (git(GitKind.LOCKED), 0, 2, False),
        (git(GitKind.AUTH), 1, 4, False),
        (git(GitKind.MOVED), 0, 2, False),
        (git(GitKind.DISK_FULL), 0, 30, False),
        (git(GitKind.DISK_FULL), 9, 600, False),
        (git(GitKind.CORRUPT), 0, 0, True),
        (git(GitKind.FAILED), 0, 0, True),
        (GitHubAway("Away."), 0, 2, False),
        (GitHubAway("Away."), 5, 64, False),
        (RateLimited("Too much.", retry_at=1.0, retry_after=45), 5, 45, False),
        (RuntimeError("?"), 0, 0, True),
        (None, 0, 0, True),
        (FileNotFoundError("no such template"), 0, 0, True),
        (ConnectionRefusedError("the store"), 0, 0, False),
        (OSError(errno.ENOSPC, "No space left on device"), 0, 30, False),
    ],
)
async def test_how_an_attempt_that_ended_is_judged(
    new_task: Callable[..., Task], error: Exception | None, before: int, pause_s: float, crashed: bool
) -> None:
    terms = Terms()
    lease = Lease(Grant("1-7", 1, "w", 0.0), terms, lambda: beat_connection("redis://nowhere", terms), ShiftedClock())
    end = judge(new_task(), lease, error, before)
    trouble = "disk_full" if isinstance(error, OSError) else ""
    trouble = (
        error.kind.value if isinstance(error, GitError) else error.sentence if isinstance(error, Transient) else trouble
    )
    assert end == End(crashed=crashed, pause_s=pause_s, trouble=trouble if pause_s else "")


@pytest.mark.parametrize(
    ("trouble", "pause_s", "says"),
    [
        ("disk_full", 30, "The worker's disk is full, and its operator must make room; tried again in 30 s"),
        ("network", 512, "GitHub's git server cannot be reached; tried again in 9 min"),
        (Transient("GitHub is away.").sentence, 64, "GitHub is away; tried again in 64 s"),
    ],
)
def test_what_people_read_meanwhile(trouble: str, pause_s: float, says: str) -> None:
    assert put_off(trouble, pause_s) == says
