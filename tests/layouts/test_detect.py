"""What is found in which repository: a table, one row per custom that people follow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from jobs.layouts import Layout, detect, wanted

EVERYTHING = frozenset("python3 uv poetry pdm node npm yarn pnpm go cargo rustc".split())  # noqa: SIM905


def found(files: Mapping[str, str], programs: frozenset[str] = EVERYTHING) -> Layout:
    texts = {name: files[name] for name in wanted(files)}
    return detect(files, texts, programs.__contains__)


@dataclass(frozen=True)
class Row:
    files: Mapping[str, str]
    setup: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    says: str = ""
    cannot: tuple[str, ...] = ()
    keys: tuple[str, ...] = field(default=("?",))


def package(**fields: object) -> str:
    return json.dumps(fields)


TESTS = {"tests/test_a.py": "", "tests/conftest.py": ""}
PEP621 = '[project]\nname = "x"\n[build-system]\nrequires = []\n'
ROWS = {
    "uv": Row(
        {"pyproject.toml": PEP621 + '[dependency-groups]\ndev=["pytest"]', "uv.lock": "", **TESTS},
        ("uv sync --frozen",), ("python -m pytest",), "Python with pyproject.toml and uv.lock",
        keys=("pyproject.toml", "uv.lock"),
    ),
    "uv with extras": Row(
        {"pyproject.toml": PEP621 + '[project.optional-dependencies]\ntest=["pytest"]\ndocs=["sphinx"]', "uv.lock": ""},
        ("uv sync --frozen --extra test",), (),
    ),
    "poetry": Row(
        {"pyproject.toml": '[tool.poetry]\nname="x"\n[tool.poetry.group.dev.dependencies]\npytest="^8"',
         "poetry.lock": "", **TESTS},
        ("poetry install --no-interaction",), ("python -m pytest",), "Python with pyproject.toml and poetry.lock",
    ),
    "pdm": Row(
        {"pyproject.toml": PEP621, "pdm.lock": "", **TESTS}, ("pdm install --frozen-lockfile",), ("python -m pytest",)
    ),
    "requirements": Row(
        {"requirements.txt": "six\npytest==8.0\n", **TESTS}, ("python -m pip install -r requirements.txt",),
        ("python -m pytest",), "Python with requirements.txt", keys=("requirements.txt",),
    ),
    "requirements for development": Row(
        {"requirements.txt": "six", "requirements-dev.txt": "-r requirements.txt\npytest\nmypy\n",
         "mypy.ini": "[mypy]\nfiles = src\n", **TESTS},
        ("python -m pip install -r requirements.txt -r requirements-dev.txt",), ("python -m pytest", "python -m mypy"),
    ),
    "pip with extras": Row(
        {"pyproject.toml": PEP621 + '[project.optional-dependencies]\ntest=["pytest"]\ndev=["ruff"]\n[tool.ruff]\n',
        **TESTS},
        ("python -m pip install '.[test,dev]'",), ("python -m pytest", "python -m ruff check"),
    ),
    "pip with groups": Row(
        {"pyproject.toml": PEP621 + '[dependency-groups]\ntest=["pytest>=8"]\ndev=[{include-group="test"}, "mypy"]\n'
         "[tool.mypy]\nstrict=true", **TESTS},
        ("python -m pip install .", "python -m pip install 'pytest>=8' mypy"), ("python -m pytest", "python -m mypy ."),
    ),
    "a group that includes itself": Row(
        {"pyproject.toml": PEP621 + '[dependency-groups]\ndev=[{include-group="dev"}]\n'},
        ("python -m pip install .",), (),
    ),
    "dependencies without a build system": Row(
        {"pyproject.toml": '[project]\nname="x"\ndependencies=["six; python_version > \'3\'"]\n', "test_a.py": ""},
        ("""python -m pip install 'six; python_version > '"'"'3'"'"''""",), ("python -m unittest discover",),
    ),
    "setup.py": Row(
        {"setup.py": 'setup(extras_require={"test": ["pytest"]})', **TESTS},
        ("python -m pip install '.[test]'",), ("python -m pytest",), "Python with setup.py",
    ),
    "pytest that nobody installs": Row(
        {"setup.py": "setup()", "tox.ini": "[testenv]\ndeps = six\ncommands = pytest", **TESTS},
        ("python -m pip install .", "python -m pip install pytest"), ("python -m pytest",),
    ),
    "unittest": Row(
        {"pyproject.toml": PEP621, "tests/__init__.py": "", "tests/test_a.py": ""},
        ("python -m pip install .",), ("python -m unittest discover -s tests -t .",),
    ),
    "no manifest at all": Row(
        {"calc.py": "", "tests/test_calc.py": ""}, (), ("python -m unittest discover -s tests",),
        "Python: nothing to set up"
    ),
    "settings of tools alone": Row({"pyproject.toml": "[tool.black]\nline-length=1", "README.md": ""},
    says="No layout"),
    "a linter that nobody installs": Row(
        {"requirements.txt": "six", "ruff.toml": ""}, ("python -m pip install -r requirements.txt",),
        cannot=("ruff is configured but no dependency names it",),
    ),
    "a native module": Row(
        {"setup.py": "setup(ext_modules=[Extension('a', [])])"}, ("python -m pip install .",),
        cannot=("native modules",)
    ),
    "pipenv": Row({"Pipfile": "", "Pipfile.lock": ""}, cannot=("Pipenv",)),
    "a broken manifest": Row({"pyproject.toml": "[[[", "package.json": "[1]"}, says="JavaScript with package.json"),
    "npm": Row(
        {"package.json": package(scripts={"test": "jest", "lint": "eslint ."}), "package-lock.json": "{}"},
        ("npm ci --no-audit --no-fund",), ("npm run test", "npm run lint"),
        "JavaScript with package.json and package-lock.json", keys=("package.json", "package-lock.json"),
    ),
    "npm without a lock file": Row(
        {"package.json": package(dependencies={"a": "1"},
        scripts={"test": 'echo "Error: no test specified" && exit 1'})},
        ("npm install --no-audit --no-fund --no-package-lock",), (),
    ),
    "npm with nothing to install": Row({"package.json": package(scripts={"test": "node --test"})}, (),
    ("npm run test",)),
    "yarn": Row(
        {"package.json": package(scripts={"test": "jest"}), "yarn.lock": ""},
        ("yarn install --non-interactive --frozen-lockfile",), ("npm run test",),
    ),
    "yarn 4": Row(
        {"package.json": package(packageManager="yarn@4.1.0", scripts={"test": "jest"}), "yarn.lock": ""},
        ("yarn install --immutable",), ("npm run test",), cannot=("Plug'n'Play",),
    ),
    "pnpm": Row(
        {"package.json": package(scripts={"lint": "eslint ."}), "pnpm-lock.yaml": ""},
        ("pnpm install --frozen-lockfile",), ("pnpm run lint",),
    ),
    "bun": Row({"package.json": package(scripts={"test": "bun test"}), "bun.lock": ""}, cannot=("Bun",)),
    "go": Row(
        {"go.mod": "module x", "go.sum": "", "a_test.go": ""}, ("go mod download",), ("go vet ./...", "go test ./..."),
        "Go with go.mod and go.sum", keys=("go.mod", "go.sum"),
    ),
    "go with vendored modules": Row(
        {"go.mod": "module x", "vendor/modules.txt": ""}, (), ("go vet ./...", "go test ./..."),
    ),
    "a go workspace": Row(
        {"go.work": "", "api/go.mod": "", "cli/go.mod": ""}, ("cd -- api && go mod download",),
        ("cd -- api && go vet ./...", "cd -- api && go test ./..."), cannot=("several projects",),
    ),
    "rust": Row(
        {"Cargo.toml": "[package]", "Cargo.lock": "", "src/lib.rs": ""}, ("cargo fetch --locked",), ("cargo test",),
        "Rust with Cargo.toml and Cargo.lock", keys=("Cargo.toml", "Cargo.lock"),
    ),
    "a rust workspace": Row(
        {"Cargo.toml": "[workspace]", "a/Cargo.toml": "", "b/Cargo.toml": ""}, ("cargo fetch",), ("cargo test",),
        keys=("Cargo.toml", "a/Cargo.toml", "b/Cargo.toml"),
    ),
    "two ecosystems at the top": Row(
        {"requirements.txt": "pytest", **TESTS, "package.json": package(scripts={"lint": "x"}),
        "package-lock.json": ""},
        ("python -m pip install -r requirements.txt", "npm ci --no-audit --no-fund"),
        ("python -m pytest", "npm run lint"),
        "Python with requirements.txt and JavaScript with package.json and package-lock.json",
    ),
    "npm workspaces": Row(
        {"package.json": package(workspaces=["p/*"], scripts={"test": "x"}),
        "package-lock.json": "", "p/a/package.json": ""},
        ("npm ci --no-audit --no-fund",), ("npm run test",),
    ),
    "one project below the top": Row(
        {"README.md": "", "my app/go.mod": ""}, ("cd -- 'my app' && go mod download",),
        ("cd -- 'my app' && go vet ./...", "cd -- 'my app' && go test ./..."), "in `my app`", keys=("my app/go.mod",),
    ),
    "several projects": Row(
        {"backend/requirements.txt": "", "frontend/package.json": "{}", "docs/requirements.txt": "", ".x/go.mod": ""},
        ("cd -- backend && python -m pip install -r requirements.txt",),
        cannot=("the one in `backend` and not `frontend`.",),
    ),
    "compose": Row({"requirements.txt": "", "docker-compose.yml": ""},
                   ("python -m pip install -r requirements.txt",), cannot=("starts no services",)),
    "only a Dockerfile": Row({"Dockerfile": "", "main.c": ""}, says="No layout", cannot=("builds no images",)),
    "only a Makefile": Row({"Makefile": "all:\n\ntest: all\n\t./x", "main.c": ""},
        says="No layout", cannot=("`make test`",)),
    "nothing": Row({}, says="No layout"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_is_found(name: str) -> None:
    row = ROWS[name]
    layout = found(row.files)
    assert layout.setup == row.setup
    assert layout.verify == row.verify
    assert row.says in layout.says
    assert len(layout.cannot) == len(row.cannot), layout.cannot
    assert all(part in told for part, told in zip(row.cannot, layout.cannot, strict=True))
    if row.keys != ("?",):
        assert sorted(layout.keys) == sorted(row.keys)


def test_the_sentence_names_the_commands() -> None:
    layout = found({"requirements.txt": "pytest", **TESTS})
    assert layout.says == (
        "Python with requirements.txt: set up by `python -m pip install -r requirements.txt`; verified by "
        "`python -m pytest`."
    )


def test_what_the_machine_lacks_is_said() -> None:
    layout = found({"go.mod": "module x"}, frozenset({"python3"}))
    assert layout.missing == ("go",)
    assert "This worker has no `go`" in layout.cannot[-1]


def test_sources_are_where_the_packages_are() -> None:
    assert found({"pyproject.toml": PEP621, "src/x/__init__.py": ""}).sources == ("src",)
    assert found({"pyproject.toml": PEP621, "x/__init__.py": ""}).sources == ("",)
    assert found({"back/pyproject.toml": PEP621, "back/src/x/__init__.py": ""}).sources == ("back/src",)


def test_nothing_is_read_that_is_not_small_and_known() -> None:
    files = {
        "package.json": "",
        "package-lock.json": "",
        "a/b/c/d/package.json": "",
        "tests/go.mod": "",
        "src/x.py": "",
    }
    assert wanted(files) == ("package.json",)


@pytest.mark.parametrize("path", ["a'b/go.mod", "$(id)/go.mod", "-x/go.mod"])
def test_a_folder_name_is_never_read_by_the_shell(path: str) -> None:
    import shlex

    folder = path.rpartition("/")[0]
    line = found({path: "module x"}).setup[0]
    assert shlex.split(line)[:3] == ["cd", "--", folder]
