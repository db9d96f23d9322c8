"""Sentences about making a repository ready: what was found, what is not supported, why it did not work."""

from collections.abc import Sequence

CONFIG = "`.github/pdev.yml`"
NOTHING_FOUND = (
    "No layout that pdev knows was found (Python, JavaScript, Go or Rust): nothing is set up and nothing is verified. "
    f"Name `setup` and `verify` commands in {CONFIG}, or `verify: external` to leave that to CI."
)


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


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
    shown = listed([f"`{name or 'the top folder'}`" for name in others[:5]])
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    where = f"`{chosen}`" if chosen else "the top folder"
    return (
        f"There are several projects in this repository; pdev set up the one in {where} and not {shown}{more}. Name "
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
