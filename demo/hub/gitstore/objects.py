"""Commits, trees and blobs: read as typed values, written as GitHub's git data API writes them.

The REST answers, the webhooks and the pages all describe the same commit; they take it from here, so that a date or an
encoding is understood once.
"""

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from demo.hub.gitstore.memory import Memory, is_lasting
from demo.hub.gitstore.process import ZERO_SHA, Git, GitFailed

_LOCAL_BRANCH = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Ident:
    """Who wrote or committed, and when (aware)."""

    name: str
    email: str
    date: datetime

    @property
    def raw(self) -> str:
        """As a commit object and fast-import spell it."""
        offset = self.date.strftime("%z") or "+0000"
        return f"{_clean(self.name)} <{_clean(self.email)}> {int(self.date.timestamp())} {offset}"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit object."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Ident
    committer: Ident
    message: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One line of a tree; `kind` is blob, tree or commit, `size` (bytes) is None for what is no blob."""

    path: str
    mode: str
    kind: str
    sha: str
    size: int | None


@dataclass(frozen=True, slots=True)
class TreeChange:
    """One entry for `write_tree`: `sha` None removes the path."""

    path: str
    mode: str
    sha: str | None


class UnknownObject(Exception):
    """The repository holds no object of that name and kind."""


def _clean(text: str) -> str:
    return "".join(ch for ch in text if ch not in "<>\n\0").strip() or "nobody"


def _ident(line: str) -> Ident:
    name, _, rest = line.partition(" <")
    email, _, when = rest.partition("> ")
    stamp = when.split(" ")[0]
    seconds = int(stamp) if stamp.isdigit() else 0
    return Ident(name, email, datetime.fromtimestamp(seconds, UTC))


def parse_commit(sha: str, raw: bytes) -> Commit:
    """A commit object's body as a Commit; signatures and unknown headers are skipped."""
    head, _, message = raw.decode("utf-8", "replace").partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.splitlines():
        if not line.startswith(" "):
            key, _, value = line.partition(" ")
            fields.setdefault(key, []).append(value)
    return Commit(
        sha,
        fields["tree"][0],
        tuple(fields.get("parent", ())),
        _ident(fields["author"][0]),
        _ident(fields["committer"][0]),
        message.removesuffix("\n"),
    )


_read: Memory[Commit] = Memory()


async def read_commits(git: Git, shas: Sequence[str]) -> list[Commit]:
    """These commits, in this order, with at most one process. Raises UnknownObject for the first that is none."""
    known = {sha: commit for sha in shas if (commit := _read.get((git.path, sha)))}
    missing = [sha for sha in shas if sha not in known]
    fresh = dict(zip(missing, await _fresh(git, missing), strict=True))
    for sha, commit in fresh.items():
        if is_lasting(sha):
            _read.put((git.path, sha), commit)
    return [(known | fresh)[sha] for sha in shas]


async def _fresh(git: Git, shas: Sequence[str]) -> list[Commit]:
    if not shas:
        return []
    out = (await git.run("cat-file", "--batch", stdin="\n".join(shas).encode() + b"\n")).stdout
    found, position = [], 0
    for sha in shas:
        line_end = out.index(b"\n", position)
        header = out[position:line_end].split(b" ")
        if len(header) != 3 or header[1] != b"commit":
            raise UnknownObject(sha)
        size = int(header[2])
        found.append(parse_commit(header[0].decode(), out[line_end + 1 : line_end + 1 + size]))
        position = line_end + 1 + size + 1
    return found


async def read_commit(git: Git, sha: str) -> Commit:
    """One commit. Raises UnknownObject."""
    return (await read_commits(git, [sha]))[0]


async def history(
    git: Git, sha: str, *, path: str = "", skip: int = 0, limit: int = 30, exclude: Iterable[str] = ()
) -> list[Commit]:
    """Commits reachable from `sha`, newest first, that are not reachable from `exclude`; `path` narrows."""
    bounds = [f"^{one}" for one in exclude]
    tail = ["--", path] if path else ["--"]
    shas = await git.run("rev-list", f"--skip={skip}", f"--max-count={limit}", sha, *bounds, *tail)
    return await read_commits(git, shas.lines)


async def read_tree(git: Git, treeish: str, *, path: str = "", recursive: bool = False) -> list[TreeEntry]:
    """The entries of a tree (`path`: of a directory in it), as `git ls-tree` orders them. Raises UnknownObject."""
    name = f"{treeish}:{path}" if path else treeish
    if name.startswith("-"):
        raise UnknownObject(name)
    try:
        listing = await git.run("ls-tree", "-z", "-l", "--full-tree", *(["-r", "-t"] if recursive else []), name)
    except GitFailed as failed:
        raise UnknownObject(name) from failed
    entries = []
    for record in listing.text.split("\0")[:-1]:
        meta, _, entry_path = record.partition("\t")
        mode, kind, sha, size = meta.split()
        entries.append(TreeEntry(entry_path, mode, kind, sha, None if size == "-" else int(size)))
    return entries


async def read_entry(git: Git, treeish: str, path: str) -> TreeEntry:
    """The entry at `path`. Raises UnknownObject when there is none."""
    try:
        listing = await git.run("--literal-pathspecs", "ls-tree", "-z", "-l", "--full-tree", treeish, "--", path)
    except GitFailed as failed:
        raise UnknownObject(treeish) from failed
    for record in listing.text.split("\0")[:-1]:
        meta, _, found = record.partition("\t")
        mode, kind, sha, size = meta.split()
        if found == path:
            return TreeEntry(found, mode, kind, sha, None if size == "-" else int(size))
    raise UnknownObject(f"{treeish}:{path}")


async def read_blob(git: Git, sha: str) -> bytes:
    """A blob's bytes; `sha` may also be `commit:path`. Raises UnknownObject."""
    try:
        return (await git.run("cat-file", "blob", sha)).stdout
    except GitFailed as failed:
        raise UnknownObject(sha) from failed


async def write_blob(git: Git, content: bytes) -> str:
    """Store bytes, answer their sha."""
    return (await git.run("hash-object", "-w", "--stdin", stdin=content)).line


async def write_tree(git: Git, base: str | None, changes: Iterable[TreeChange]) -> str:
    """A tree of `base` (tree or commit, None: empty) with `changes`. Raises UnknownObject for a bad base or sha."""
    lines = []
    for change in changes:
        mode, sha = (change.mode, change.sha) if change.sha else ("0", ZERO_SHA)
        lines.append(f"{mode} {sha}\t{change.path}\0")
    with tempfile.TemporaryDirectory(prefix="hub-index-") as folder:
        env = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
        try:
            if base is not None and not base.isalnum():
                raise UnknownObject(base)
            await git.run("read-tree", *([base] if base else ["--empty"]), env=env)
            if lines:
                await git.run("update-index", "-z", "--index-info", stdin="".join(lines).encode(), env=env)
            return (await git.run("write-tree", env=env)).line
        except GitFailed as failed:
            raise UnknownObject(failed.stderr.strip()) from failed


async def write_commit(
    git: Git, tree: str, parents: Sequence[str], message: str, *, author: Ident, committer: Ident | None = None
) -> str:
    """A commit object of `tree`; answers its sha. Raises UnknownObject for a bad tree or parent."""
    who = committer or author
    env = {
        "GIT_AUTHOR_NAME": _clean(author.name),
        "GIT_AUTHOR_EMAIL": _clean(author.email),
        "GIT_AUTHOR_DATE": _raw_date(author),
        "GIT_COMMITTER_NAME": _clean(who.name),
        "GIT_COMMITTER_EMAIL": _clean(who.email),
        "GIT_COMMITTER_DATE": _raw_date(who),
    }
    flags = [flag for parent in parents for flag in ("-p", parent)]
    try:
        return (await git.run("commit-tree", tree, *flags, stdin=(message.rstrip("\n") + "\n").encode(), env=env)).line
    except GitFailed as failed:
        raise UnknownObject(failed.stderr.strip()) from failed


def _raw_date(who: Ident) -> str:
    return f"{int(who.date.timestamp())} {who.date.strftime('%z') or '+0000'}"


async def commit_files(
    git: Git, branch: str, files: Mapping[str, str | bytes | None], message: str, *, parent: str | None, author: Ident
) -> str:
    """Commit `files` (None removes one) on top of `parent` and move `branch` there: one process, any number of files.

    A text that starts with `#!` becomes executable. Answers the new sha. Raises GitFailed when the branch is not at
    `parent` any more.
    """
    stream = [b"feature done\n", f"commit {_LOCAL_BRANCH}{branch}\nmark :1\ncommitter {author.raw}\n".encode()]
    stream.append(_data(message.encode()))
    if parent:
        stream.append(f"from {parent}\n".encode())
    for path, content in files.items():
        name = _quoted(path)
        if content is None:
            stream.append(b"D " + name + b"\n")
            continue
        raw = content.encode() if isinstance(content, str) else content
        mode = b"100755" if raw.startswith(b"#!") else b"100644"
        stream += [b"M " + mode + b" inline " + name + b"\n", _data(raw)]
    stream.append(b"\nget-mark :1\ndone\n")
    return (await git.run("fast-import", "--quiet", stdin=b"".join(stream))).line


def _data(raw: bytes) -> bytes:
    return f"data {len(raw)}\n".encode() + raw + b"\n"


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()
