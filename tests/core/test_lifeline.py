"""A child with a lifeline does not outlive its parent, however the parent dies."""

import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

REPOSITORY = Path(__file__).parents[2]
SLEEPS = [sys.executable, "-c", "import time; time.sleep(3600)"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")


def parent(preexec: str) -> "subprocess.Popen[str]":
    """A process that starts a sleeping child, says its number, and waits."""
    code = f"""
        import subprocess, sys
        from core.lifeline import lifeline
        child = subprocess.Popen({SLEEPS!r}, start_new_session=True, preexec_fn={preexec})
        print(child.pid, flush=True)
        sys.stdin.readline()
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=REPOSITORY,
    )  # fmt: skip


def child_of_killed(preexec: str) -> psutil.Process:
    with parent(preexec) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        process.kill()
    return child


def test_a_child_ends_with_a_parent_that_is_killed() -> None:
    child = child_of_killed("lifeline()")
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_without_a_lifeline_it_would_stay() -> None:
    child = child_of_killed("None")
    assert child.is_running()
    child.kill()


def test_a_child_whose_parent_died_before_it_could_ask_ends_at_once() -> None:
    """The lifeline was made for a process that is no longer the parent of the one that asks."""
    code = """
        import os
        from core.lifeline import lifeline
        tie = lifeline()
        if os.fork():
            os.wait()
        elif os.fork():
            print(os.waitstatus_to_exitcode(os.wait()[1]))
        else:
            tie()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"
