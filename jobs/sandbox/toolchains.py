"""Programs that repositories need and that are not below /usr: found by the worker's PATH, shown read-only.

Only what a program needs is shown, never the folder of a user, which holds keys too. What a version manager puts on
PATH is a stand-in that looks for the real program elsewhere; the real one is shown, so that it works inside as well.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jobs.sandbox.runtime import SYSTEM_PATH, Runtime

KNOWN = (
    "python3", "uv", "poetry", "pdm", "node", "npm", "yarn", "pnpm", "go", "cargo", "rustc", "java", "mvn", "gradle",
    "ruby", "bundle", "deno", "bun", "make", "cmake",
)  # fmt: skip
"""Programs that are looked for; of others the operator names the folder."""
_SHIMS = "shims"


@dataclass(frozen=True, slots=True)
class Toolchains:
    """`programs`: name → where the real program is. `roots`: what must be shown for them; `path`: where PATH looks."""

    programs: Mapping[str, Path]
    roots: tuple[Path, ...] = ()
    path: tuple[Path, ...] = ()

    def has(self, program: str) -> bool:
        """Whether the sandbox has a program of this name."""
        return program in self.programs or _in_folders(SYSTEM_PATH.split(":"), program) is not None

    def beside(self, runtime: Runtime) -> Runtime:
        """The runtime with these programs."""
        roots = [root for root in self.roots if root not in runtime.roots]
        return replace(runtime, roots=(*runtime.roots, *roots), path=(*runtime.path, *self.path))

    def mark(self, programs: Sequence[str]) -> tuple[str, ...]:
        """What tells these programs from later ones of the same name."""
        return tuple(_mark(name, self.programs.get(name)) for name in programs)


def find_toolchains(search_path: str, home: Path, named: Sequence[Path] = ()) -> Toolchains:
    """Look for `KNOWN` on `search_path`, and for everything in the folders that the operator `named`.

    `home` is the worker's own: of it only single programs and whole toolchains are shown.
    """
    programs: dict[str, Path] = {}
    roots: list[Path] = [folder.resolve() for folder in named if folder.is_dir()]
    path: list[Path] = [place for folder in roots for place in (folder / "bin", folder) if place.is_dir()]
    folders = [*map(str, path), *search_path.split(":")]
    for name in KNOWN:
        found = _in_folders(folders, name)
        real = found and _real(found, name)
        if not real:
            continue
        programs[name] = real
        if real.is_relative_to("/usr") or any(real.is_relative_to(root) for root in roots):
            continue
        roots.append(_root(real, home.resolve()))
        path.append(real.parent)
    return Toolchains(programs, tuple(dict.fromkeys(roots)), tuple(dict.fromkeys(path)))


def _in_folders(folders: Sequence[str], name: str) -> Path | None:
    places = (Path(folder, name) for folder in folders if folder.startswith("/"))
    return next((place for place in places if place.is_file() and os.access(place, os.X_OK)), None)


def _real(found: Path, name: str) -> Path | None:
    """The program behind links and stand-ins; None when nothing is behind them."""
    if found.parent.name == _SHIMS:
        return next(_behind_shim(found.parent.parent, name), None)
    target = found.resolve()
    if target.name == "rustup" or (name in {"cargo", "rustc"} and (found.parent / "rustup").exists()):
        return _behind_rustup(found, name)
    # A link of another name leads into a package; its folder is where the program is known by its own.
    return target if target.name == name else found.parent.resolve() / name


def _behind_shim(manager: Path, name: str) -> Iterator[Path]:
    """pyenv, rbenv and nodenv: the version they would choose first, then any other, the newest first."""
    chosen = manager / "version"
    first = chosen.read_text().split() if chosen.is_file() else []
    others = sorted((p.name for p in (manager / "versions").glob("*")), key=_as_version, reverse=True)
    for version in (*first, *others):
        program = manager / "versions" / version / "bin" / name
        if program.is_file():
            yield program.resolve() if program.resolve().name == name else program


def _behind_rustup(found: Path, name: str) -> Path | None:
    manager = found.parent.parent.parent / ".rustup"
    settings = manager / "settings.toml"
    try:
        default = str(tomllib.loads(settings.read_text()).get("default_toolchain", ""))
    except (OSError, tomllib.TOMLDecodeError):
        default = ""
    toolchains = sorted((manager / "toolchains").glob("*")) if manager.is_dir() else []
    best = [t for t in toolchains if default and (t.name == default or t.name.startswith(f"{default}-"))]
    return next((t / "bin" / name for t in (*best, *toolchains) if (t / "bin" / name).is_file()), None)


def _root(program: Path, home: Path) -> Path:
    """What to show: the folder around `bin`, unless that is a place where people keep other things too."""
    root = program.parent.parent
    if program.parent.name != "bin":
        return program
    is_wide = len(root.parts) <= 2 or root == home or root.parent == home or home.is_relative_to(root)
    return program if is_wide else root


def _as_version(name: str) -> tuple[tuple[bool, int, str], ...]:
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in name.split("."))


def _mark(name: str, program: Path | None) -> str:
    if program is None:
        return name
    found = program.stat()
    return f"{name}={program}:{found.st_size}:{found.st_mtime_ns}"
