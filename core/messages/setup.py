"""Sentences about making a repository ready: what was found, what is not supported, why it did not work."""

from collections.abc import Sequence

from core.messages.words import CONFIG, code, count, fenced, listed, plain
from core.tasks import Task

NOTHING_FOUND = (
    "No layout that pdev knows was found (Python, JavaScript, Go or Rust): nothing is set up and nothing is verified. "
    f"Name `setup` and `verify` commands in {CONFIG}, or `verify: external` to leave that to CI."
)


def found(kinds: Sequence[str], root: str, setup: Sequence[str], verify: Sequence[str]) -> str:
    """`Python with pyproject.toml and uv.lock: setup is …; verify is ….`"""
    where = f" in `{root}`" if root else ""
    made = f"set up by {_commands(setup)}" if setup else "nothing to set up"
    proven = f"verified by {_commands(verify)}" if verify else "no tests or linters were found to verify it"
    return f"{listed(kinds)}{where}: {made}; {proven}."


def _commands(lines: Sequence[str]) -> str:
    return listed([f"`{line.replace('`', chr(39))}`" for line in lines])


def missing_programs(names: Sequence[str]) -> str:
    shown = listed([f"`{name}`" for name in names])
    return (
        f"This worker has no {shown}: the commands that need {'it' if len(names) == 1 else 'them'} will fail. Whoever "
        f"runs pdev can install {'it' if len(names) == 1 else 'them'} there; or name other commands in {CONFIG}."
    )


def other_roots(chosen: str, others: Sequence[str]) -> str:
    shown = listed([f"`{name}`" if name else "the top folder" for name in others], 5)
    where = f"`{chosen}`" if chosen else "the top folder"
    return (
        f"There are several projects in this repository; pdev set up the one in {where} and not {shown}. Name "
        f"`setup` and `verify` commands in {CONFIG} for the others."
    )


COMPOSE = (
    "A compose file was found, but pdev starts no services (databases, queues): tests that need them fail in the "
    f"sandbox. Name `verify` commands without them in {CONFIG}, or `verify: external` to leave that to CI."
)
DOCKERFILE = (
    "A Dockerfile was found, but pdev builds no images: the project is set up in pdev's own sandbox. Name `setup` "
    f"commands in {CONFIG} if it needs more."
)
GO_WORK = f"A Go workspace (go.work) without a module at its top is not set up; name `setup` and `verify` in {CONFIG}."
EXTENSION = (
    "The project builds native modules: what setup compiled is from the base branch, and changes to native code are "
    f"not built again by themselves. Name the build command under `verify` in {CONFIG}."
)
PNP = "Yarn's Plug'n'Play is not supported in the sandbox: packages are installed into `node_modules` there."


def makefile(targets: Sequence[str]) -> str:
    shown = listed([f"`make {target}`" for target in targets])
    hint = f" It has {shown}:" if targets else " If it has targets for that,"
    return f"A Makefile alone does not tell pdev what is safe to run.{hint} name them in {CONFIG}."


def not_installed(tool: str) -> str:
    return f"{tool} is configured but no dependency names it, so it is not run; add it to the development dependencies."


def unknown_tool(tool: str) -> str:
    return f"{tool} is not set up by itself; name `setup` and `verify` commands in {CONFIG}."


def setting_up(command: str) -> str:
    """What a task does meanwhile."""
    return f"sets up: {code(command)}"


FIRST_STEP = "make a Python environment"
_TAIL = 1_200
_HOSTS_SHOWN = 5


def failed(command: str, code_: int, tail: str, refused: Sequence[str]) -> str:
    """A setup command ended with an error; `tail` is the end of what it said."""
    return _trouble(f"Setup failed: {code(command, 200)} ended with exit code {code_}.", tail, refused)


def too_slow(command: str, minutes: float, tail: str, refused: Sequence[str]) -> str:
    said = f"Setup did not end: {code(command, 200)} was stopped after {minutes:g} min (`limits.setup_minutes`)."
    return _trouble(said, tail, refused)


def flooded(command: str, tail: str) -> str:
    return _trouble(f"Setup was stopped: {code(command, 200)} printed more than anybody reads.", tail, ())


def not_started(why: str) -> str:
    return (
        f"Setup could not start: the sandbox said {code(why, 300)}. Whoever runs pdev can look into it: `pdev doctor`."
    )


def disk(why: str) -> str:
    return f"Setup has no place to work: {code(why, 200)}. Whoever runs pdev must make room in its data folder."


def _trouble(what: str, tail: str, refused: Sequence[str]) -> str:
    shown = "\n".join(tail.strip().splitlines())[-_TAIL:].strip()
    parts = [what, fenced(shown) if shown else "It said nothing."]
    if refused:
        parts.append(refusals(refused))
    parts.append(f"Mend it on the default branch, or name other `setup` commands in {CONFIG}.")
    return "\n\n".join(parts)


UNREACHABLE = "Setup of the task's own environment could not reach a host that it needs; pdev tries again by itself"


def did_without(hosts: Sequence[str]) -> str:
    """Setup succeeded, but something may be missing."""
    return f"Setup came to its end without some hosts. {refusals(hosts)} Else nothing has to be done."


def refusals(hosts: Sequence[str]) -> str:
    """Setup asked for hosts that it may not reach."""
    shown = listed([code(host, 100) for host in hosts], _HOSTS_SHOWN)
    return (
        f"Setup may not reach {shown}. Add what it needs to `network` in {CONFIG} (public hosts, ports 80 and "
        "443); whoever runs pdev can allow others with `PDEV_EGRESS_ALLOW`."
    )


def not_hosts(texts: Sequence[str]) -> str:
    shown = listed([code(text, 100) for text in texts])
    return f"`network` in {CONFIG} names {shown}, which is no host to allow; write `HOST` or `*.HOST`."


def own_environment(paths: Sequence[str]) -> str:
    shown = listed([code(path, 100) for path in paths], 3)
    return f"This task changes {shown}, so it has an environment of its own, which other tasks do not use."


def own_environment_failed(why: str) -> str:
    return f"What this task changes cannot be set up, so its agents work with what the base branch has.\n\n{why}"


def explicit(commands: Sequence[str]) -> str:
    return f"Set up by {_commands(commands)}, as {CONFIG} says."


NOT_SET_UP = f"Nothing is set up, as {CONFIG} says (`setup: none`)."


def shown(task: Task) -> str:
    """The part of the comment about setup; empty when there is nothing to say."""
    if not task.setup:
        return ""
    first, *more = (plain(one, 1_500) for one in task.setup)
    lines = "\n".join(f"- {one.replace(chr(10), chr(10) + '  ')}" for one in (first, *more))
    return f"<details><summary>Setup</summary>\n\n{lines}\n\n</details>" if not more else f"Setup:\n\n{lines}"


def modules_left_out(paths: Sequence[str]) -> str:
    shown = listed([code(path, 100) for path in paths], 5)
    return (
        f"Submodules are empty: {shown}. Name the https addresses that may be fetched under `submodules` in {CONFIG}."
    )


def modules_failed(paths: Sequence[str]) -> str:
    shown = listed([code(path, 100) for path in paths], 5)
    return (
        f"Submodules could not be fetched: {shown}. pdev fetches them without a login, so they must be public; "
        "check their addresses and that their commits are on the server."
    )


LARGE_NOT_WITHOUT_WALLS = (
    "Large files (Git LFS) stay pointers: agents run without a sandbox here, and could commit them by mistake. "
    "Whoever runs pdev can switch its sandbox on; without it, tests that need the files belong into CI."
)


def no_lfs(count_: int) -> str:
    return (
        f"Of {count(count_, 'large file')} (Git LFS) there are only pointers: this worker has no `git-lfs`. Whoever "
        "runs pdev can install it there."
    )


def large_failed(why: str) -> str:
    return f"Large files (Git LFS) could not be fetched: {code(why, 300)}. Check that the App may read them."


def large_left_out(left: int, of: int) -> str:
    return (
        f"{left} of {count(of, 'large file')} (Git LFS) stay pointers: they are not on the server, or too large. Push "
        "them to it (`git lfs push --all origin`) if the tests need them, or leave those tests to CI."
    )


NO_LFS_HERE = "is not installed: large files (Git LFS) stay pointers for agents and tests."


def toolchains(names: Sequence[str]) -> str:
    """What `pdev doctor` says that repositories can be set up with."""
    return f"the sandbox has {listed(names)}" if names else "the sandbox has none of the usual programs"
