"""One git process over one of the hub's bare repositories.

The machine's own git configuration (signing, hooks, helpers, a prompt) must never reach the hub: every process gets a
small fixed environment and the bare repository by `--git-dir`, so what a test sees is the same on every machine.
"""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.hub.gitstore.memory import Memory, is_lasting

ZERO_SHA = "0" * 40
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


_LARGEST = 20_000
"""Bytes of an answer that is remembered."""


class GitFailed(Exception):
    """git ended with a status the caller did not expect; `stderr` is what it said."""

    def __init__(self, args: tuple[str, ...], returncode: int, stderr: str) -> None:
        super().__init__(f"git {' '.join(args)} ended with {returncode}: {stderr.strip()}")
        self.returncode = returncode
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Done:
    """A finished process: its status and standard output."""

    returncode: int
    stdout: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace")

    @property
    def line(self) -> str:
        return self.text.strip()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def git_program() -> str:
    """The path of git; raises FileNotFoundError where there is none."""
    found = shutil.which("git")
    if found is None:
        raise FileNotFoundError(
            "git is not installed: the hub keeps its repositories with it. Install git 2.38 or newer."
        )
    return found


def clean_environment(home: Path) -> dict[str, str]:
    """What every git process of the hub sees; `home` is a directory that holds no configuration."""
    return {
        "PATH": os.pathsep.join((str(Path(git_program()).parent), os.defpath)),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        # The hub lives as long as a demo: durability on power loss would only cost time.
        "GIT_CONFIG_KEY_1": "core.fsync",
        "GIT_CONFIG_VALUE_1": "none",
    }


_told: Memory[Done] = Memory()


@dataclass(frozen=True, slots=True)
class Git:
    """git, bound to one bare repository at `path`."""

    path: Path

    async def about(self, *args: str, names: tuple[str, ...], ok: tuple[int, ...] = (0,)) -> Done:
        """`run` with `names` behind the arguments, asked once where all of them are full shas (or `sha...sha`).

        Raises GitFailed, which is not remembered: an object that is missing may still come.
        """
        asked = (self.path, *args, *names)
        if (told := _told.get(asked)) is not None:
            return told
        done = await self.run(*args, *names, ok=ok)
        if is_lasting(*names) and len(done.stdout) <= _LARGEST:
            _told.put(asked, done)
        return done

    async def run(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        ok: tuple[int, ...] = (0,),
    ) -> Done:
        """Run to the end and answer its output. Raises GitFailed when the status is not one of `ok`."""
        process = await asyncio.create_subprocess_exec(
            git_program(),
            f"--git-dir={self.path}",
            *args,
            stdin=PIPE if stdin else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=clean_environment(self.path.parent) | dict(env or {}),
        )
        try:
            out, err = await process.communicate(stdin or None)
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        status = process.returncode or 0
        if status not in ok:
            raise GitFailed(args, status, err.decode("utf-8", "replace"))
        return Done(status, out)
