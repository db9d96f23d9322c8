"""How one of the hub's bare repositories is made, and what its hook holds a pusher to."""

from pathlib import Path

from demo.hub.gitstore.process import Git

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


def create(path: Path, branch: str = "main") -> Git:
    """Make an empty bare repository at `path`, which must not exist; `branch` is where its HEAD points.

    Written by hand, so that making one needs neither a process nor a wait. Hooks are shared by all repositories of one
    directory.
    """
    hooks = path.parent / "hooks"
    _write_hooks(hooks)
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        (path / folder).mkdir(parents=True)
    (path / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
    (path / "config").write_text(_CONFIG.format(hooks=hooks))
    return Git(path)


def _write_hooks(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        hook = folder / "update"
        hook.write_text(_UPDATE_HOOK)
        hook.chmod(0o755)
