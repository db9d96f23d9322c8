"""The repository's other copy, on the server: fetch, push, look.

The address is always given in full and never read from a configuration file, and the token goes to that address only.
A push names the exact commit and the exact state it replaces, so a worker that lost its lease can undo nobody's work.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jobs.git.errors import GitError, GitKind, redact
from jobs.git.hardening import credentials
from jobs.git.objects import is_sha
from jobs.git.process import NETWORK_S, Call, Git

_ADDRESS = re.compile(r"[A-Za-z0-9:/._~\[\]-]+")
_REF = re.compile(r"refs/[A-Za-z0-9._/@+,#=-]+")
ALL_BRANCHES = "+refs/heads/*:refs/remotes/origin/*"


def address(url: str, allowed: frozenset[str]) -> str:
    """`url`, if it is a plain address without user, query or surprises. Raises GitError (refused)."""
    parts = urlsplit(url)
    plain = _ADDRESS.fullmatch(url) and parts.username is None and not parts.query and not parts.fragment
    if not plain or parts.scheme not in allowed or not parts.path.strip("/"):
        raise GitError(GitKind.REFUSED, "remote", f"not an address we fetch from: {redact(url)}")
    return url


def reference(name: str) -> str:
    """`name`, if it is a full ref name. Raises GitError (refused)."""
    if not _REF.fullmatch(name) or ".." in name or "//" in name or name.endswith(("/", ".", ".lock")):
        raise GitError(GitKind.REFUSED, "ref", f"not a ref name: {name!r}")
    return name


def local_name(ref: str) -> str:
    """Where a remote ref is kept in the cache: branches under `refs/remotes/origin/`, the rest under its own name."""
    return ref.replace("refs/heads/", "refs/remotes/origin/", 1) if ref.startswith("refs/heads/") else ref


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository at `url`; `base` says how a command on the cache runs."""

    git: Git = field(repr=False)
    url: str
    base: Call

    def _call(self, token: str | None, keep_fds: Sequence[int] = ()) -> Call:
        config, secrets = credentials(self.url, token) if token else (None, ())
        return Call(
            git_dir=self.base.git_dir,
            config=(config,) if config else (),
            secrets=secrets,
            protocols=(urlsplit(self.url).scheme,),
            keep_fds=keep_fds,
            timeout_s=NETWORK_S,
        )

    async def fetch(
        self, token: str | None, refs: Sequence[str] | None, keep_fds: Sequence[int] = (), *, depth: int = 0
    ) -> None:
        """Bring all branches (`refs` is None) or exactly these refs or commits into the cache.

        Raises GitError; `missing` when a named ref is not on the server.
        """
        specs = [ALL_BRANCHES] if refs is None else [_spec(ref) for ref in refs]
        prune = [*(["--prune"] if refs is None else []), *([f"--depth={depth}"] if depth else [])]
        options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules"]
        await self.git.run("fetch", *options, *prune, "--refmap=", "--end-of-options", self.url, *specs,
                           call=self._call(token, keep_fds))  # fmt: skip

    async def refs(self, token: str | None, prefix: str) -> Mapping[str, str]:
        """The refs on the server that start with `prefix`, with their shas. Empty when there are none."""
        reference(f"{prefix}x")
        said = await self.git.run("ls-remote", "--quiet", "--refs", "--end-of-options", self.url, f"{prefix}*",
                                  call=self._call(token))  # fmt: skip
        rows = (line.split("\t") for line in said.text.splitlines())
        return {ref: sha for sha, ref in rows if ref.startswith(prefix)}

    async def push(self, token: str | None, sha: str, ref: str, expected: str | None) -> None:
        """Set `ref` on the server to `sha` (empty: delete it), if it still is at `expected` (None: does not exist).

        Doing it twice is fine. Raises GitError; `conflict` when somebody moved the ref.
        """
        reference(ref)
        lease = f"--force-with-lease={ref}:{expected or ''}"
        options = ["--porcelain", "--no-verify", "--no-recurse-submodules", "--no-follow-tags", lease]
        call = self._call(token)
        try:
            await self.git.run("push", *options, "--end-of-options", self.url, f"{sha}:{ref}", call=call)
        except GitError:
            if not sha and ref not in await self.refs(token, ref):
                return  # git calls an absent ref stale; gone is what was asked for
            raise


def _spec(ref: str) -> str:
    return ref if is_sha(ref) else f"+{reference(ref)}:{local_name(ref)}"
