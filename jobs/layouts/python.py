"""Python: who installs the dependencies (uv, poetry, pdm, pip) and what proves the project (pytest, unittest, linters).

Commands run with a virtual environment of pdev's own first on PATH, so `python` and `pip` are that environment's.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from core.messages import setup as said
from core.messages.words import listed
from jobs.layouts.layout import Folder, Part, table, words

MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile")
_REQUIREMENTS = (
    "requirements.txt", "requirements/base.txt", "requirements-dev.txt", "requirements_dev.txt",
    "dev-requirements.txt", "requirements-test.txt", "requirements_test.txt", "test-requirements.txt",
    "requirements/dev.txt", "requirements/test.txt", "requirements/tests.txt",
)  # fmt: skip
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
_SETTINGS = ("tox.ini", "pytest.ini", "setup.cfg", "mypy.ini", ".mypy.ini", "ruff.toml", ".ruff.toml")
READ = (*MANIFESTS, *_REQUIREMENTS, *_SETTINGS)
_EXTRAS = ("test", "tests", "testing", "dev", "develop", "lint")
"""Names of optional dependencies that people give to what only development needs."""
_HOSTS = ("pypi.org", "files.pythonhosted.org")
_PIP = "python -m pip install"
_NATIVE = re.compile(r"Extension\(|ext_modules|cython|maturin|scikit-build|pybind11|setuptools[-_]rust", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Install:
    tool: str
    lines: tuple[str, ...]
    files: tuple[str, ...]
    needs: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()


def python(folder: Folder) -> Part | None:
    """The Python project of this folder, if there is one."""
    if not folder.has(*MANIFESTS) and folder.has("package.json", "go.mod", "Cargo.toml"):
        return None
    project = folder.toml("pyproject.toml")
    requirements = folder.has(*_REQUIREMENTS)
    manifests = folder.has("pyproject.toml", "setup.py", "setup.cfg")
    if manifests == ("setup.cfg",) or (manifests == ("pyproject.toml",) and not _is_project(project)):
        manifests = ()  # settings of tools only
    if not (manifests or requirements or folder.has("Pipfile") or _has_tests(folder)):
        return None
    install = _install(folder, project, requirements, manifests)
    verify, cannot = _verify(folder, project)
    lines = install.lines
    if "python -m pytest" in verify and not _depends_on(folder, "pytest") and install.tool == "pip":
        lines = (*lines, f"{_PIP} pytest")
    if any(_NATIVE.search(folder.texts.get(name, "")) for name in ("setup.py", "pyproject.toml")):
        cannot = (*cannot, said.EXTENSION)
    shown = install.files or folder.has("pyproject.toml")
    return Part(
        "python", f"Python with {listed(shown)}" if shown else "Python", lines, verify,
        keys=folder.has(*dict.fromkeys((*MANIFESTS, *_REQUIREMENTS, *_LOCKS))), needs=("python3", *install.needs),
        hosts=_HOSTS, sources=_sources(folder), cannot=(*install.cannot, *cannot),
    )  # fmt: skip


def _is_project(project: dict[str, Any]) -> bool:
    return any(key in project for key in ("project", "build-system", "dependency-groups")) or bool(
        table(project, "tool", "poetry")
    )


def _install(
    folder: Folder, project: dict[str, Any], requirements: tuple[str, ...], manifests: tuple[str, ...]
) -> _Install:
    optional = table(project, "project", "optional-dependencies")
    extras = [name for name in _EXTRAS if name in optional]
    if folder.has("uv.lock") and manifests:
        wanted = "".join(f" --extra {name}" for name in extras)
        return _Install("uv", (f"uv sync --frozen{wanted}",), ("pyproject.toml", "uv.lock"), ("uv",))
    if folder.has("poetry.lock") or table(project, "tool", "poetry"):
        files = folder.has("pyproject.toml", "poetry.lock")
        more = table(project, "tool", "poetry", "extras") | optional
        wanted = "".join(f" --extras {name}" for name in _EXTRAS if name in more)
        return _Install("poetry", (f"poetry install --no-interaction{wanted}",), files, ("poetry",))
    if folder.has("pdm.lock") and manifests:
        wanted = "".join(f" --group {name}" for name in extras)
        return _Install("pdm", (f"pdm install --frozen-lockfile{wanted}",), ("pyproject.toml", "pdm.lock"), ("pdm",))
    if folder.has("Pipfile") and not (manifests or requirements):
        return _Install("pipenv", (), folder.has("Pipfile", "Pipfile.lock"), cannot=(said.unknown_tool("Pipenv"),))
    return _Install("pip", tuple(_pip(folder, project, requirements, extras)), (*manifests[:1], *requirements))


def _pip(folder: Folder, project: dict[str, Any], requirements: tuple[str, ...], extras: list[str]) -> Iterator[str]:
    if requirements:
        yield f"{_PIP} {' '.join(f'-r {name}' for name in requirements)}"
    optional = table(project, "project", "optional-dependencies")
    if "build-system" in project or folder.has("setup.py"):
        extras = extras or [name for name in _EXTRAS if re.search(rf"['\"]{name}['\"]\s*:", _text(folder, "setup.py"))]
        wanted = shlex.quote(f".[{','.join(extras)}]") if extras else "."
        yield f"{_PIP} {wanted}"
    else:
        direct = [
            *words(table(project, "project").get("dependencies")),
            *(d for e in extras for d in words(optional[e])),
        ]
        if direct:
            yield f"{_PIP} {' '.join(map(shlex.quote, direct))}"
    groups = [one for name in _EXTRAS for one in _group(project, name)]
    if groups:
        yield f"{_PIP} {' '.join(map(shlex.quote, dict.fromkeys(groups)))}"


def _group(project: dict[str, Any], name: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The requirements of a dependency group (PEP 735), written out: older pips do not know groups."""
    entries = table(project, "dependency-groups").get(name)
    if name in seen or not isinstance(entries, list):
        return
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict) and isinstance(included := entry.get("include-group"), str):
            yield from _group(project, included, seen | {name})


def _verify(folder: Folder, project: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lines, cannot = [], []
    tools = table(project, "tool")
    if _has_tests(folder):
        lines.append("python -m pytest" if _uses_pytest(folder, tools) else _unittest(folder))
    configured = {
        "ruff": ("python -m ruff check", "ruff" in tools or bool(folder.has("ruff.toml", ".ruff.toml"))),
        "mypy": (
            _mypy(folder, tools),
            "mypy" in tools or bool(folder.has("mypy.ini", ".mypy.ini")) or "[mypy]" in _text(folder, "setup.cfg"),
        ),
    }
    for tool, (line, is_configured) in configured.items():
        if is_configured and _depends_on(folder, tool):
            lines.append(line)
        elif is_configured:
            cannot.append(said.not_installed(tool))
    return tuple(lines), tuple(cannot)


def _mypy(folder: Folder, tools: dict[str, Any]) -> str:
    own = table(tools, "mypy")
    ini = "".join(_text(folder, name) for name in ("mypy.ini", ".mypy.ini", "setup.cfg"))
    names_files = own.keys() & {"files", "packages", "modules"} or re.search(
        r"^\s*(files|packages|modules)\s*=", ini, re.M
    )
    return "python -m mypy" if names_files else "python -m mypy ."


def _uses_pytest(folder: Folder, tools: dict[str, Any]) -> bool:
    return (
        "pytest" in tools
        or bool(folder.has("pytest.ini"))
        or any(path.rsplit("/", 1)[-1] == "conftest.py" for path in folder.paths)
        or folder.mentions("pytest")
    )


def _unittest(folder: Folder) -> str:
    base = next((name for name in ("tests", "test") if _below(folder, name)), "")
    if not base:
        return "python -m unittest discover"
    top = " -t ." if f"{base}/__init__.py" in folder.paths else ""
    return f"python -m unittest discover -s {base}{top}"


def _below(folder: Folder, name: str) -> bool:
    return any(path.startswith(f"{name}/") for path in folder.paths)


def _has_tests(folder: Folder) -> bool:
    names = (path.rsplit("/", 1)[-1] for path in folder.paths)
    return any(fnmatchcase(name, "test_*.py") or fnmatchcase(name, "*_test.py") for name in names)


def _depends_on(folder: Folder, tool: str) -> bool:
    """Whether a manifest names the tool as a dependency: as a word of its own in a list or on a line."""
    named = re.compile(rf"(?:^|[\"'\s]){re.escape(tool)}(?=$|[\"'\s\[<>=~!;,#])", re.MULTILINE)
    manifest = re.sub(r"^\s*\[.*\]\s*$", "", _text(folder, "pyproject.toml"), flags=re.MULTILINE)
    others = (_text(folder, name) for name in (*_REQUIREMENTS, "setup.py", "setup.cfg"))
    return any(named.search(text) for text in (manifest, *others))


def _sources(folder: Folder) -> tuple[str, ...]:
    """`src` where it holds packages; the folder itself as well, for projects whose modules lie at the top."""
    is_src = any(re.fullmatch(r"src/[^/]+/__init__\.py|src/[^/]+\.py", path) for path in folder.paths)
    return ("src",) if is_src else ("",)


def _text(folder: Folder, name: str) -> str:
    return folder.texts.get(name, "")
