"""How one of the hub's bare repositories is made, and what its hook holds a pusher to."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from pathlib import Path

from demo.hub.gitstore.objects import Ident, commit_files
from demo.hub.gitstore.process import Git, GitFailed, clean_environment, git_program

REFUSE_WORKFLOWS = "HUB_REFUSE_WORKFLOWS"
"""Environment switch that the update hook reads: set for a pusher without the `workflows` permission."""

NO_FORCE = "HUB_NO_FORCE"
NO_PUSH = "HUB_NO_PUSH"
"""Protected refs, blank separated: those that may only move forward, and those that only a merge may move."""

HOOK_MARK = "hub-refuses:"
"""The update hook writes this, a word, the ref and a detail; `git_http` turns it into GitHub's sentence."""

_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
\tquotePath = false
\tlogAllRefUpdates = false
\thooksPath = {hooks}
[gc]
\tauto = 0
[http]
\treceivepack = true
[receive]
\tautogc = false
\tfsckObjects = true
\thideRefs = refs/pull
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
"""

# Only commits that no ref holds yet are looked at: merging a base branch that changed its workflows is no offence.
_UPDATE_HOOK = f"""#!/bin/sh
refuse() {{ echo "{HOOK_MARK} $1 $2 $3" >&2; exit 1; }}
zero=0000000000000000000000000000000000000000
case " ${NO_PUSH} " in *" $1 "*) refuse protected "$1" reviews ;; esac
case " ${NO_FORCE} " in *" $1 "*)
  [ "$3" = $zero ] && refuse protected "$1" deletion
  [ "$2" = $zero ] || git merge-base --is-ancestor "$2" "$3" || refuse protected "$1" force ;;
esac
[ -n "${REFUSE_WORKFLOWS}" ] && [ "$3" != $zero ] || exit 0
path=$(git log --format= --name-only --no-renames "$3" --not --all -- .github/workflows | head -n 1)
[ -z "$path" ] || refuse workflow "$1" "$path"
"""


async def create(
    path: Path,
    *,
    branch: str = "main",
    seed: Mapping[str, str | bytes] | None = None,
    author: Ident,
    message: str = "Initial commit",
) -> Git:
    """Make a bare repository at `path`; `seed` (path to content) becomes the first commit on `branch`.

    Hooks are shared by all repositories of one directory. Raises GitFailed when git cannot make it.
    """
    hooks = path.parent / "hooks"
    _write_hooks(hooks)
    process = await asyncio.create_subprocess_exec(
        git_program(), "init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", str(path),
        stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=clean_environment(path.parent),
    )  # fmt: skip
    _, err = await process.communicate()
    if process.returncode:
        raise GitFailed(("init",), process.returncode, err.decode("utf-8", "replace"))
    (path / "config").write_text(_CONFIG.format(hooks=hooks))
    git = Git(path)
    if seed:
        await commit_files(git, branch, seed, message, parent=None, author=author)
    return git


def _write_hooks(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        hook = folder / "update"
        hook.write_text(_UPDATE_HOOK)
        hook.chmod(0o755)
