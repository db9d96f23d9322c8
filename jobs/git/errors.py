"""What git complained about, as a kind that recovery can act on.

git speaks in sentences on stderr, and a remote adds its own. A worker that retries a refused push, or asks a person to
look at a dropped connection, has misread such a sentence. This module reads them once, and takes every secret out
before anybody else sees the text.
"""

import re
from collections.abc import Sequence
from enum import StrEnum


class GitKind(StrEnum):
    """Why a git command failed, sorted by what can be done about it."""

    AUTH = "auth"  # the token is missing, expired or unknown: mint another one
    DENIED = "denied"  # the token is good and may not do this
    NETWORK = "network"  # nobody answered, or the connection broke: try again
    CONFLICT = "conflict"  # the remote moved: look again, then decide
    REJECTED = "rejected"  # a rule of the repository refuses this push
    WORKFLOW_REFUSED = "workflow_refused"  # the app may not touch workflow files
    MISSING = "missing"  # the repository, ref or object does not exist (for us)
    MOVED = "moved"  # the repository was renamed: read its new name from the API
    CORRUPT = "corrupt"  # the cache is damaged: build it again
    LOCKED = "locked"  # another git holds a lock file
    DISK_FULL = "disk_full"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"  # the answer is larger than the caller allowed
    REFUSED = "refused"  # we refused to run it (bad name, bad address, git too old)
    FAILED = "failed"  # anything else


class GitError(Exception):
    """A git command failed. `kind` says what to do about it, `text` is git's own words without secrets."""

    def __init__(self, kind: GitKind, command: str, text: str, code: int | None = None) -> None:
        super().__init__(f"git {command}: {kind}" + (f" (exit {code})" if code is not None else "") + f": {text}")
        self.kind = kind
        self.command = command
        self.text = text
        self.code = code

    @property
    def passes(self) -> bool:
        """Whether time may mend it, so that the same command is worth another try."""
        return self.kind in {GitKind.NETWORK, GitKind.TIMEOUT, GitKind.LOCKED, GitKind.AUTH}


# First match wins: the special refusals stand before the general ones that they also contain.
_SIGNS: tuple[tuple[GitKind, str], ...] = (
    (GitKind.WORKFLOW_REFUSED, r"refusing to allow .* (create or update )?workflow|without `?workflows`? permission"),
    (GitKind.CONFLICT, r"stale info|non-fast-forward|fetch first|remote ref .* is at .* but expected"),
    (GitKind.CONFLICT, r"checked out at|used by worktree at|cannot lock ref .* but expected|reference already"),
    (GitKind.DISK_FULL, r"no space left on device|disk quota exceeded"),
    (GitKind.LOCKED, r"unable to create '.*\.lock': file exists|another git process seems to be running"),
    (GitKind.AUTH, r"authentication failed|could not read (username|password)|invalid username or|error: 401|http 401"),
    (GitKind.AUTH, r"unable to read askpass response|terminal prompts disabled"),
    (GitKind.DENIED, r"permission to .* denied|error: 403|http 403|write access to repository not granted"),
    (GitKind.MOVED, r"unable to update url base from redirection|error: 30[1278]|http 30[1278]"),
    (GitKind.REJECTED, r"protected branch|pre-receive hook declined|hook declined|gh\d{3}:|\[remote rejected\]"),
    (GitKind.MISSING, r"repository .*not found|error: 404|couldn't find remote ref|does not appear to be a git repo"),
    (GitKind.MISSING, r"not our ref|unknown revision|not a valid object name|bad revision|needed a single revision"),
    (
        GitKind.MISSING,
        r"bad object [0-9a-f]{40}|not a commit|is not a valid ref|does not point to a valid object|invalid reference",
    ),
    (
        GitKind.CORRUPT,
        r"object file .* is empty|loose object .* is corrupt|bad object (?![0-9a-f]{40})|packfile .* (is|does|cannot)",
    ),
    (
        GitKind.CORRUPT,
        r"not a git repository|invalid index-pack|inflate: |missing (blob|tree|commit)|unable to read tree",
    ),
    (GitKind.CORRUPT, r"index file (corrupt|smaller than)|bad signature 0x|bad config line|did not send all necessary"),
    (GitKind.NETWORK, r"could not resolve|couldn't connect|failed to connect|connection (refused|reset|timed out)"),
    (
        GitKind.NETWORK,
        r"rpc failed|early eof|unexpected disconnect|the remote end hung up|operation too slow|\b(ssl|tls)\b",
    ),
    (GitKind.NETWORK, r"error: 5\d\d|http 5\d\d|empty reply from server|recv failure|send failure|expected flush"),
)
_COMPILED = tuple((kind, re.compile(sign, re.IGNORECASE)) for kind, sign in _SIGNS)


def classify(text: str) -> GitKind:
    """The kind of failure that git's words describe; `FAILED` when we do not know them."""
    return next((kind for kind, sign in _COMPILED if sign.search(text)), GitKind.FAILED)


_SECRET_SHAPES = re.compile(
    r"gh[opsur]_[A-Za-z0-9_.\-]{16,}|github_pat_[A-Za-z0-9_]{20,}|(?i:authorization:\s*\w+\s+)\S+|(?<=://)[^/\s@]+(?=@)"
)


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """`text` without the given secrets and without anything that has the shape of a GitHub token or URL password."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return _SECRET_SHAPES.sub("***", text)
