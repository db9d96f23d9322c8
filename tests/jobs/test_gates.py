"""A corpus of what must not be pushed, and of what looks like it and may."""

import base64
from collections.abc import Sequence

import pytest

from core.tasks import laid_over
from jobs.gates import Caps, GateReport, check
from jobs.git import LINK_MODE, NESTED_MODE, NO_OBJECT, Blob, FileChange

JWT = "eyJhbGciOiJSUzI1NiJ9." + "aB3_-" * 60 + "." + "xY7-_" * 30
KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"


class Change:
    """Builds changes and their blobs the way git would report them."""

    def __init__(self) -> None:
        self.changes: list[FileChange] = []
        self.blobs: dict[str, Blob] = {}

    def blob(self, data: bytes | None, size: int = 0) -> str:
        name = f"{len(self.blobs) + 1:040x}"
        self.blobs[name] = Blob(len(data) if data is not None else size, data)
        return name

    def file(self, path: str, new: bytes | str, old: bytes | str | None = None, mode: int = 0o100644) -> "Change":
        def raw(data: bytes | str) -> bytes:
            return data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data

        before = NO_OBJECT if old is None else self.blob(raw(old))
        status = "added" if old is None else "changed"
        self.changes.append(
            FileChange(path, status, mode, self.blob(raw(new)), 0 if old is None else mode, before)  # type: ignore[arg-type]
        )
        return self

    def check(self, known: Sequence[str] = (), protected: Sequence[str] = (), **caps: int) -> GateReport:
        return check(self.changes, self.blobs, caps=Caps(**caps), known=known, protected=protected)


def failed(report: GateReport) -> set[str]:
    return {gate.name for gate in report.gates if not gate.passed}


def test_ordinary_work_passes() -> None:
    change = (
        Change()
        .file("src/a.py", "a = 2\n", "a = 1\n")
        .file(".github/dependabot.yml", "version: 2\n")
        .file("docs/ä.md", "x")
    )
    report = change.check()
    assert report.passed
    names = {"secrets", "protected", "links", "nested", "names", "forbidden", "size"}
    assert {gate.name for gate in report.gates} == names
    assert {gate.outcome for gate in report.gates} == {"passed"}


@pytest.mark.parametrize(
    "secret",
    [
        "ghs_" + "1234567_" + JWT,
        "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789",
        "sk-proj-Ab3dEf6hIj9lMn2pQr5t",
        "sk-ant-api03-Ab3dEf6hIj9lMn2pQr5t-xyz",
        "AKIAIOSFODNN7EXAMPLZ",
        "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
        "xoxb-123456789012-abcdefABCDEF",
        "glpat-Ab3dEf6hIj9lMn2pQr5t",
        "npm_Ab3dEf6hIj9lMn2pQr5tAb3dEf6hIj9lMn2p",
        f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n",
        f"-----BEGIN PRIVATE KEY-----\\n{KEY}\\n",
        f'"-----BEGIN OPENSSH PRIVATE KEY-----\\n" +\n  "{KEY}"',
        f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n\n{KEY}\n",
    ],
)
@pytest.mark.parametrize("disguise", ["utf-8", "utf-16"])
def test_secrets_stay_here(secret: str, disguise: str) -> None:
    data = f"# settings\n\ntoken = '{secret}'\n".encode(disguise)
    report = Change().file("config.py", data).file("fine.py", "x = 1\n").check()
    assert failed(report) == {"secrets"}
    assert [left.path for left in report.left_out] == ["config.py"]
    assert "line 3" in report.left_out[0].reason
    assert secret[:30] not in str(report)


@pytest.mark.parametrize(
    "text",
    [
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "export GITHUB_TOKEN=ghs_your_token",
        ".sk-circle-fade-dot-animation-delay { }",
        "task-force-one-two-three-four-five-SIX7",
        'if "-----BEGIN PRIVATE KEY-----" in text:',
        "-----BEGIN PUBLIC KEY-----\n" + KEY,
        "-----BEGIN CERTIFICATE-----\n" + KEY,
        "sha256:AKIAfoo",
    ],
)
def test_what_only_looks_like_a_secret_passes(text: str) -> None:
    assert Change().file("a.txt", text).check().passed


def test_a_secret_that_was_there_before_does_not_stop_the_file() -> None:
    fixture = "token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'\n"
    assert Change().file("test_a.py", fixture + "x = 1\n", fixture).check().passed
    more = fixture + "other = 'ghp_26C7e42F292c6912E7710c838347Ae178B4b'\n"
    assert not Change().file("test_a.py", more, fixture).check().passed


def test_a_secret_in_a_name_or_a_link_stays_here() -> None:
    token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
    assert failed(Change().file(f"notes/{token}.txt", "x").check()) == {"secrets"}
    assert failed(Change().file("link", token, mode=LINK_MODE).check()) == {"secrets"}


@pytest.mark.parametrize(
    "disguise",
    [
        lambda secret: secret,
        lambda secret: secret[:-7],
        lambda secret: secret[::-1],
        lambda secret: secret.encode().hex(),
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: base64.b64encode(b"x" + secret.encode()).decode(),
        lambda secret: base64.b64encode(b"xy" + secret.encode() + b"z").decode(),
        lambda secret: secret.replace("&", "%26").replace("/", "%2F"),
    ],
)
def test_the_secrets_of_this_run_are_known_in_any_disguise(disguise: object) -> None:
    secret = "hunter2&correct/horse-battery"
    text = f"x = 1\ny = '{disguise(secret)}'\n"  # type: ignore[operator]
    assert failed(Change().file("a.py", text).check(known=[secret])) == {"secrets"}
    assert Change().file("a.py", "nothing here").check(known=[secret, "short"]).passed


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml", ".github/workflows/deep/x.yml", ".GitHub/Workflows/ci.yml",
        ".github/actions/a/action.yml",
        "CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitmodules", ".claude/settings.json", ".mcp.json",
        ".github/pdev.yml", ".github/pdev.yaml", ".github/pdev/prompts/review.md", ".GitHub/PDEV.yml",
        ".pdev/plan.md", ".aider.chat.history.md", "CLAUDE.local.md", ".github/workflows", ".github",
    ],
)  # fmt: skip
def test_protected_paths_stay_as_they_are(path: str) -> None:
    assert "protected" in failed(Change().file(path, "x").check())
    assert "protected" in failed(Change().file(path, "x", "y").check())


@pytest.mark.parametrize(
    ("pattern", "path", "holds"),
    [
        ("*.lock", "a/b/poetry.lock", True),
        ("*.lock", "a.lock.py", False),
        ("/infra/", "infra/main.tf", True),
        ("/infra/", "a/infra/main.tf", False),
        ("infra/", "a/infra/main.tf", True),
        ("infra", "infrastructure/x", False),
        ("src/secret", "src/secret/deep/x.py", True),
        ("src/secret", "lib/src/secret", False),
        ("docs/*.md", "docs/a.md", True),
        ("docs/*.md", "docs/a/b.md", False),
        ("docs/**", "docs/a/b.md", True),
        ("**/migrations/**", "app/db/migrations/0001.py", True),
        ("**/migrations/**", "migrations/0001.py", True),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("Makefile", "sub/MAKEFILE", True),
        ("file?.txt", "file1.txt", True),
        ("file?.txt", "file/.txt", False),
        ("*", "anything/at/all", True),
        ("", "x", False),
        ("/", "x", False),
        ("# a comment", "# a comment", False),
        ("a[b", "a[b", True),
    ],
)
def test_a_repository_protects_more(pattern: str, path: str, holds: bool) -> None:
    report = Change().file(path, "x", "y").check(protected=[pattern])
    assert ("protected" in failed(report)) is holds


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        ("*_*_*_*_*_*_*_*.key", False),
        ("*_*_*_*_*_*_*_*", True),
        ("**/*_*/**/*_*/**/*_*/**/*.key", False),
        ("*?" * 100 + "x", False),
        ("?*" * 100, True),
    ],
)
def test_a_pattern_that_regular_expressions_take_minutes_for(pattern: str, holds: bool) -> None:
    """The runner's own limit is the judge: as a regular expression each takes longer than that."""
    path = "/".join(["_" * 240] * 12)
    assert ("protected" in failed(Change().file(path, "x", "y").check(protected=[pattern]))) is holds


@pytest.mark.parametrize(
    "path",
    [
        ".env", "app/.env", ".env.local", ".env.production", "certs/server.pem", "id_rsa", "a/id_ed25519", "x.p12",
        "node_modules/a/index.js", "web/node_modules/a.js", "pkg/__pycache__/a.cpython-311.pyc", ".venv/bin/python",
        "target/release/app", "dist/app-1.0-py3-none-any.whl", "app.egg-info/PKG-INFO", ".DS_Store", ".coverage",
        "build/lib/app/a.py", ".ENV",
    ],
)  # fmt: skip
def test_what_nobody_means_to_commit_stays_here(path: str) -> None:
    assert failed(Change().file(path, "x").check()) == {"forbidden"}
    assert Change().file(path, "x", "y").check().passed, "it was there before"


@pytest.mark.parametrize(
    "path",
    [
        ".env.example", ".env.sample", ".env.production.template", "environment.py", "dist/index.js", "build/run.py",
        "target/main.rs", "src/pem.py", "docs/node_modules.md", "coverage.py", "build.gradle",
    ],
)  # fmt: skip
def test_what_only_sounds_like_it_may_be_committed(path: str) -> None:
    assert Change().file(path, "x").check().passed


def test_a_protected_file_cannot_be_deleted_either() -> None:
    change = Change()
    gone = FileChange(".github/workflows/ci.yml", "deleted", 0, NO_OBJECT, 0o100644, change.blob(b"on: push"))
    assert [left.path for left in check([gone], change.blobs).left_out] == [".github/workflows/ci.yml"]


@pytest.mark.parametrize(
    "path", ["src/CODEOWNERS.md", ".github/ISSUE_TEMPLATE/bug.md", "CLAUDE.md", "AGENTS.md", "claude/x.py"]
)
def test_neighbours_of_protected_paths_may_change(path: str) -> None:
    assert Change().file(path, "x").check().passed


@pytest.mark.parametrize(
    ("new", "old", "passes"),
    [
        ("*.txt text eol=lf\n*.png binary\n", None, True),
        ("*.py diff=python\n*.lock -diff merge=union\n", None, True),
        ("# filter=evil\n", None, True),
        ("*.bin filter=lfs diff=lfs merge=lfs -text\n*.c filter=evil\n", None, False),
        ("* filter=evil\n", None, False),
        ("*.py diff=evil-driver\n", None, False),
        ("* merge=ours-always\n", None, False),
        ("[attr]x filter=evil\n", None, False),
        ("* filter=ours\n*.md text\n", "* filter=ours\n", True),
    ],
)
def test_attributes_may_not_name_new_programs(new: str, old: str | None, passes: bool) -> None:
    assert Change().file("sub/.gitattributes", new, old).check().passed is passes


@pytest.mark.parametrize(
    ("path", "target", "passes"),
    [
        ("docs/latest", "v2/index.md", True),
        ("a/b/link", "../../readme.md", True),
        ("link", "./src", True),
        ("link", "/etc/passwd", False),
        ("link", "../outside", False),
        ("a/link", "../../outside", False),
        ("a/link", "b/../../../outside", False),
        ("a/link", "b/../c", False),
        ("link", ".git/config", False),
        ("a/link", "../.GIT/hooks", False),
        ("link", "C:\\windows", False),
        ("link", "..", False),
    ],
)
def test_links_stay_inside(path: str, target: str, passes: bool) -> None:
    report = Change().file(path, target, mode=LINK_MODE).check()
    assert report.passed is passes
    assert failed(report) <= {"links"}


def test_a_repository_inside_the_repository_stays_here() -> None:
    nested = FileChange("vendor/lib", "added", NESTED_MODE, "1" * 40)
    report = check([nested], {})
    assert failed(report) == {"nested"}


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", "a/.GIT/hooks/x", ".g\u200cit/config", "git~1/config", ".git./x", ".git /x",
        ".git::$INDEX_ALLOCATION/x",
        "a\\.git\\config", ".ＧＩＴ/x", ".GITMODULES", "sub/.g\u200ditmodules", "gitmod~1",
    ],
)  # fmt: skip
def test_names_that_some_file_system_reads_as_gits_own(path: str) -> None:
    assert "names" in failed(Change().file(path, "x").check())


@pytest.mark.parametrize("path", ["a\nb", "a\u202eb", "a\tb", "\x1b[31m", "odd\udcff"])
def test_names_that_hide_something(path: str) -> None:
    report = Change().file(path, "x").check()
    assert failed(report) == {"names"}
    (note,) = next(gate for gate in report.gates if gate.name == "names").notes
    assert note.path != path
    note.path.encode()


@pytest.mark.parametrize(
    "path", [".gitignore", ".gitattributes", "legit.py", ".github/x", "git/x", "a b/ü.txt", ".gitkeep"]
)
def test_ordinary_names_pass(path: str) -> None:
    assert Change().file(path, "x").check().passed


def test_what_git_could_not_take_is_named() -> None:
    report = check([FileChange(".GIT/config", "unstageable")], {})
    assert report.left_out == ((".GIT/config", "names: git cannot take it"),)


def test_large_files_stay_here() -> None:
    change = Change().file("big.bin", b"x" * 101).file("fine.bin", b"x" * 100)
    unread = FileChange("unread.bin", "added", 0o100644, change.blob(None, size=90))
    report = check([*change.changes, unread], change.blobs, caps=Caps(file=100))
    assert {left.path for left in report.left_out} == {"big.bin", "unread.bin"}


def test_all_files_together_have_a_size_too() -> None:
    change = Change()
    for number in range(5):
        change.file(f"{number}.bin", b"x" * (10 + number))
    report = change.check(total=40)
    assert {left.path for left in report.left_out} == {"3.bin", "4.bin"}


def test_a_folder_full_of_downloads_is_left_out_and_the_work_is_not() -> None:
    change = Change().file("src/a.py", "x", "y").file("src/b.py", "x")
    for number in range(200):
        change.file(f"downloads/{number}.js", "x")
    report = change.check(files=50)
    assert {left.path.split("/")[0] for left in report.left_out} == {"downloads"}
    assert len(report.left_out) == 200
    size = next(gate for gate in laid_over((), report.gates) if gate.name == "size")
    assert len(size.notes) + size.more == 200


def test_each_path_is_left_out_once_with_its_first_reason() -> None:
    token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
    report = Change().file(".github/workflows/x.yml", token).check()
    assert failed(report) == {"secrets", "protected"}
    assert len(report.left_out) == 1
    assert report.left_out[0].reason.startswith("secrets: GitHub token")


@pytest.mark.parametrize("piece", ["-----BEGIN PRIVATE KEY-----A: ", "-----BEGIN PRIVATE KEY-----A: \n", "A: '\""])
def test_a_long_line_that_looks_like_keys_does_not_take_long(piece: str) -> None:
    """The runner's own limit is the judge: unbounded, the first one takes many minutes."""
    assert failed(Change().file("a.txt", "-----BEGIN PRIVATE KEY-----" + piece * 30_000).check()) == set()
