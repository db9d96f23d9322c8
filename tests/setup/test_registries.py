"""Which registry hosts setup may reach: what the package manager itself answers, not what a repository says."""

from pathlib import Path

import pytest

from jobs.gateway import Rule
from jobs.layouts import Layout, detect
from jobs.sandbox import NoSandbox, Surroundings
from jobs.setup.registries import registries

NODE = detect(("package.json", "package-lock.json"), {"package.json": "{}"}, lambda name: True)
YARN = detect(("package.json", "yarn.lock"), {"package.json": "{}", "yarn.lock": ""}, lambda name: True)


def tool(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


async def asked(tmp_path: Path, layout: Layout) -> tuple[Rule, ...]:
    around = Surroundings({"npm_config_cache": str(tmp_path)}, path=(tmp_path / "bin",))
    return await registries(NoSandbox(), layout, around, tmp_path / "asking")


async def test_the_manager_is_asked(tmp_path: Path) -> None:
    tool(tmp_path / "bin", "npm", '[ "$*" = "config get registry" ] && echo https://packages.example.org/npm/')
    assert await asked(tmp_path, NODE) == (Rule("packages.example.org"),)


async def test_each_manager_is_asked_and_each_host_once(tmp_path: Path) -> None:
    tool(tmp_path / "bin", "npm", "echo https://packages.example.org/")
    tool(tmp_path / "bin", "yarn", '[ "$3" = registry ] && echo https://Packages.example.org:443 || exit 1')
    assert await asked(tmp_path, YARN) == (Rule("packages.example.org"),)


@pytest.mark.parametrize(
    "said",
    ["exit 1", "echo undefined", "echo http://packages.example.org/", "echo https://packages.example.org:8443/",
     "echo https://user:word@packages.example.org/", "echo https://packages.example.org; exit 3", "echo 'https://*.org/'",
     "echo https://10.0.0.1/"],
)  # fmt: skip
async def test_what_is_no_plain_answer_opens_nothing(tmp_path: Path, said: str) -> None:
    tool(tmp_path / "bin", "npm", said)
    assert await asked(tmp_path, NODE) == ()


async def test_what_stands_where_setup_runs_does_not_answer(tmp_path: Path) -> None:
    """The repository's own settings are not there when the manager is asked."""
    tool(tmp_path / "bin", "npm", 'ls -A "$PWD" "$HOME" | grep -q npmrc && echo https://evil.example.org/')
    (tmp_path / ".npmrc").write_text("registry=https://evil.example.org/")
    assert await asked(tmp_path, NODE) == ()


async def test_nobody_is_asked_where_no_javascript_is(tmp_path: Path) -> None:
    tool(tmp_path / "bin", "npm", "echo https://packages.example.org/")
    assert await asked(tmp_path, detect(("setup.py",), {"setup.py": ""}, lambda name: True)) == ()
