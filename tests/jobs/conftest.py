"""Real sandboxes and short folders for the worker's tests."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.sandbox import Bubblewrap, NoSandbox, Sandbox, find_bubblewrap


def why_no_namespaces() -> str:
    """Why bubblewrap cannot be used on this machine; empty when it can."""
    program = find_bubblewrap()
    if program is None:
        return "bubblewrap is not installed"
    tried = subprocess.run(
        [program, "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "true"], capture_output=True, text=True
    )
    return "" if tried.returncode == 0 else f"no user namespaces here: {tried.stderr.strip()}"


@pytest.fixture(scope="session")
def bubblewrap() -> Bubblewrap:
    if why := why_no_namespaces():
        pytest.skip(why)
    program = find_bubblewrap()
    assert program is not None
    return Bubblewrap(program)


@pytest.fixture(params=["bubblewrap", "none"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Every test that takes it runs in both kinds of sandbox."""
    if request.param == "none":
        return NoSandbox()
    found: Sandbox = request.getfixturevalue("bubblewrap")
    return found


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for unix sockets, which pytest's own often is not."""
    folder = Path(tempfile.mkdtemp(prefix="pdev-"))
    yield folder
    shutil.rmtree(folder)
