"""The variables that tell package managers where to work: while setup runs, and when its result is used.

Pure. While setup runs they fill caches and the environment; afterwards the same tools find what they need there, and
are told that there is no network, so that they fail at once and with clear words instead of waiting.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jobs.layouts import Layout
from jobs.sandbox import Surroundings
from jobs.setup.shelf import Place

SCRATCH = (".cache", ".vite", ".vite-temp", ".vitest")
"""Folders that tools write to inside of `node_modules`."""
_ALWAYS = {"CI": "true", "GOTOOLCHAIN": "local", "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0", "YARN_ENABLE_TELEMETRY": "0",
           "YARN_NODE_LINKER": "node-modules", "UV_PYTHON_DOWNLOADS": "never", "npm_config_update_notifier": "false",
           "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "POETRY_VIRTUALENVS_CREATE": "false",
           "PDM_IGNORE_SAVED_PYTHON": "1", "PDM_CHECK_UPDATE": "0"}  # fmt: skip
_OFFLINE = {"GOPROXY": "off", "CARGO_NET_OFFLINE": "true", "UV_OFFLINE": "1", "UV_NO_SYNC": "1",
            "PIP_NO_INDEX": "1", "npm_config_offline": "true", "YARN_ENABLE_NETWORK": "0"}  # fmt: skip


def building(place: Place, layout: Layout, python: Path, mirrors: Mapping[str, str]) -> Surroundings:
    """What setup's commands find around the tree."""
    downloads = place.downloads
    env = {
        **_ALWAYS,
        **_tools(place, layout, python),
        "PIP_CACHE_DIR": f"{downloads}/pip", "UV_CACHE_DIR": f"{downloads}/uv", "UV_LINK_MODE": "copy",
        "POETRY_CACHE_DIR": f"{downloads}/poetry", "PDM_CACHE_DIR": f"{downloads}/pdm",
        "npm_config_cache": f"{downloads}/npm", "npm_config_store_dir": f"{downloads}/pnpm",
        "npm_config_package_import_method": "copy", "COREPACK_HOME": f"{downloads}/corepack",
        "YARN_CACHE_FOLDER": f"{downloads}/yarn", "YARN_GLOBAL_FOLDER": f"{downloads}/yarn-berry",
        "GOPROXY": mirrors.get("go", "https://proxy.golang.org"), "GOCACHE": f"{place.home}/go-build",
        **{name: mirrors[kind] for kind, names in _MIRRORED.items() if kind in mirrors for name in names},
    }  # fmt: skip
    return Surroundings(env, _path(place, layout), writable=(place.folder, downloads))


_MIRRORED = {
    "pypi": ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "npm": ("npm_config_registry", "YARN_NPM_REGISTRY_SERVER"),
}


def cargo_settings(mirrors: Mapping[str, str]) -> str:
    """The settings file for Cargo, which knows no variable for a mirror; empty without one."""
    if "crates" not in mirrors:
        return ""
    return f'[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "sparse+{mirrors["crates"]}"\n'


def using(place: Place, layout: Layout, mounts: Sequence[str], python: Path, worktree: Path) -> Surroundings:
    """What agents and gates find around `worktree` (resolved)."""
    env = {**_ALWAYS, **_OFFLINE, **_tools(place, layout, python)}
    if layout.has("python"):
        # In front of any installed copy: what the task changed is what is tested.
        env["PYTHONPATH"] = ":".join(str(worktree / source) for source in layout.sources)
    shown = {worktree / mount: place.tree / mount for mount in mounts}
    return Surroundings(
        env, _path(place, layout), read_only=(place.folder,), mounts=shown,
        scratch=tuple(at / name for at in shown for name in SCRATCH),
    )  # fmt: skip


def _tools(place: Place, layout: Layout, python: Path) -> dict[str, str]:
    env: dict[str, str] = {}
    if layout.has("python"):
        env |= {"VIRTUAL_ENV": str(place.venv), "UV_PROJECT_ENVIRONMENT": str(place.venv), "UV_PYTHON": str(python)}
    if layout.has("go"):
        env |= {"GOPATH": f"{place.folder}/go", "GOMODCACHE": f"{place.folder}/go/mod"}
    if layout.has("rust"):
        env |= {"CARGO_HOME": f"{place.folder}/cargo"}
    return env


def _path(place: Place, layout: Layout) -> tuple[Path, ...]:
    return (place.venv / "bin",) if layout.has("python") else ()
