"""Whether the pull requests keep their promise: each is fetched as a colleague would, and its issue's tests are run.

The agents of the demo run these tests too, but what they say is what a script says. This looks at what really stands
on GitHub at the end.
"""

import asyncio
import base64
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Mapping
from pathlib import Path

from core.settings import child_environ
from demo.hub import Hub
from demo.hub.gitstore import clean_environment, git_program
from demo.world.issues import BY_NUMBER


async def unproved(hub: Hub, pulls: Mapping[int, int | None]) -> list[str]:
    """A sentence for every issue whose tests do not pass at the head of its pull request.

    `pulls`: the pull request of each issue. What it runs is only for pull requests that the world's script has written.
    """
    with tempfile.TemporaryDirectory(prefix="pdev-proof-") as folder:
        found = await asyncio.gather(*(_proved(hub, n, pull, Path(folder)) for n, pull in sorted(pulls.items())))
    return [problem for problem in found if problem]


async def _proved(hub: Hub, number: int, pull: int | None, folder: Path) -> str:
    if pull is None:
        return f"#{number}: there is no pull request to test"
    clone = folder / str(number)
    clone.mkdir()
    url, environ = f"{hub.html_url}/{hub.repo.full_name}.git", _as_a_colleague(hub, folder)
    git = git_program()
    for command in (["init", "--quiet"], ["fetch", "--quiet", "--depth=1", url, f"refs/pull/{pull}/head"],
                    ["checkout", "--quiet", "FETCH_HEAD"]):  # fmt: skip
        code, said = await _run([git, *command], clone, environ)
        if code:
            return f"#{number}: pull request {pull} cannot be fetched: {said[-300:]}"
    tests = BY_NUMBER[number].tests
    code, said = await _run([sys.executable, "-B", "-m", "unittest", "-q", tests], clone, child_environ())
    return f"#{number}: {tests} fails at the head of pull request {pull}: {said[-300:]}" if code else ""


def _as_a_colleague(hub: Hub, home: Path) -> dict[str, str]:
    """Reads with a person's token, which stands in no command line."""
    basic = base64.b64encode(f"x-access-token:{hub.users['developer']}".encode()).decode()
    environ = clean_environment(home)
    place = environ["GIT_CONFIG_COUNT"]
    return environ | {
        "GIT_CONFIG_COUNT": str(int(place) + 1),
        f"GIT_CONFIG_KEY_{place}": "http.extraHeader",
        f"GIT_CONFIG_VALUE_{place}": f"Authorization: Basic {basic}",
    }


async def _run(command: list[str], folder: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environ, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
    )
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, said.decode("utf-8", "replace").strip()
