"""The environment: what is read, that every mistake is told at once, and that no secret shows."""

import base64
import dataclasses
import os
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.errors import BadSettings
from core.settings import VARIABLES, WEB_NEEDS, WORKER_NEEDS, Settings, child_environ, environ

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
HOME = {"HOME": "/home/someone"}


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def pem() -> str:
    return pem_of(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def problems_of(**variables: str) -> tuple[str, ...]:
    with pytest.raises(BadSettings) as caught:
        Settings.from_environ(HOME | variables)
    return caught.value.problems


def test_defaults_are_for_a_laptop() -> None:
    settings = Settings.from_environ(HOME)
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert settings.base_url == "", "nobody knows under which name people reach it"
    assert settings.github_api_url == "https://api.github.com"
    assert settings.data_dir == Path("/home/someone/.local/share/pdev")
    assert settings.sandbox == "bubblewrap"
    assert settings.webhook_secrets == ()
    assert not settings.secret
    assert (settings.lease_s, settings.beat_s, settings.sweep_s) == (20, 5, 5)


def test_the_key_is_read_however_it_was_pasted(pem: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(pem)
    ways = [
        {"PRIVATE_KEY": pem},
        {"PRIVATE_KEY": pem.strip().replace("\n", "\\n")},
        {"PRIVATE_KEY": '"' + pem.strip().replace("\n", "\\n") + '"'},
        {"PRIVATE_KEY": base64.b64encode(pem.encode()).decode()},
        {"PRIVATE_KEY": base64.encodebytes(pem.encode()).decode()},
        {"PRIVATE_KEY_PATH": str(path)},
    ]
    keys = {Settings.from_environ(HOME | way).private_key.reveal() for way in ways}
    assert keys == {pem}


def test_what_is_no_rsa_key_is_refused_without_showing_it(pem: str, tmp_path: Path) -> None:
    elliptic = pem_of(ec.generate_private_key(ec.SECP256R1()))
    for value in ("hunter2-hunter2", pem[:200], elliptic):
        (problem,) = problems_of(PRIVATE_KEY=value)
        assert problem.startswith("PRIVATE_KEY holds no RSA private key")
        assert value[30:60] not in problem or not value[30:60]
    (problem,) = problems_of(PRIVATE_KEY_PATH=str(tmp_path / "missing.pem"))
    assert problem.startswith("PRIVATE_KEY_PATH cannot be read (No such file or directory)")


def test_several_webhook_secrets_while_one_is_changed() -> None:
    settings = Settings.from_environ(HOME | {"WEBHOOK_SECRET": "new, old,"})
    assert [secret.reveal() for secret in settings.webhook_secrets] == ["new", "old"]


def test_every_mistake_is_told_at_once(pem: str) -> None:
    problems = problems_of(
        PORT="eighty",
        PDEV_SLOTS="65",
        PDEV_SANDBOX="bubblewarp",
        PDEV_LEASE_S="20",
        PDEV_BEAT_S="11",
        GITHUB_API_URL="http://api.github.com",
        REDIS_URL="localhost:6379",
        PDEV_SECRET="short",
        PDEV_SLOT="3",
        LOG_LEVEL="loud",
    )
    assert [problem.split(" ")[0] for problem in problems] == [
        "PORT", "REDIS_URL", "GITHUB_API_URL", "PDEV_SECRET", "PDEV_SANDBOX", "PDEV_SLOTS", "PDEV_BEAT_S", "LOG_LEVEL",
        "PDEV_SLOT",
    ]  # fmt: skip
    text = str(BadSettings(problems))
    assert "9 settings are wrong" in text
    assert "Did you mean bubblewrap?" in text
    assert "Did you mean PDEV_SLOTS?" in text
    assert "Give one of: debug, info, warning, error." in text


@pytest.mark.parametrize("needs", [WEB_NEEDS, WORKER_NEEDS])
def test_what_a_process_needs_is_reported_with_what_is_wrong(needs: tuple[str, ...]) -> None:
    with pytest.raises(BadSettings) as caught:
        Settings.from_environ(HOME | {"PORT": "x"}, needs=needs)
    named = [problem.split(" ")[0] for problem in caught.value.problems]
    assert named == ["PORT", *needs]


def test_the_scripted_agent_needs_its_script() -> None:
    with pytest.raises(BadSettings) as caught:
        Settings.from_environ(HOME | {"PDEV_AGENT": "scripted"}, needs=["PDEV_AGENT"])
    assert [problem.split(" ")[0] for problem in caught.value.problems] == ["PDEV_SCRIPT_SOCKET"]
    assert Settings.from_environ(HOME | {"PDEV_AGENT": "scripted"}).agent == "scripted"  # the web process runs no agent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_API_URL", "https://user:pw-canary@ghe.example"),
        ("GITHUB_API_URL", "https://[pw-canary"),
        ("REDIS_URL", "http://:pw-canary@redis"),
        ("PRIVATE_KEY", "pw-canary"),
        ("PDEV_SECRET", "pw-canary"),
    ],
)
def test_no_problem_repeats_a_secret(name: str, value: str) -> None:
    problems = problems_of(**{name: value})
    assert problems
    assert "pw-canary" not in "".join(problems)


def test_plain_http_is_for_this_machine_only() -> None:
    for value in ("http://127.0.0.1:4000", "http://localhost:4000", "http://[::1]:4000", "https://ghe.example/api/v3/"):
        assert Settings.from_environ(HOME | {"GITHUB_API_URL": value}).github_api_url == value.rstrip("/")
    assert "unencrypted" in problems_of(GITHUB_SERVER_URL="http://ghe.example")[0]


def test_nothing_secret_in_repr(pem: str) -> None:
    variables = HOME | {
        "PRIVATE_KEY": pem,
        "WEBHOOK_SECRET": "canary-webhook",
        "PDEV_SECRET": "canary-own-secret-of-32-characters!",
        "REDIS_URL": "redis://:canary-redis@127.0.0.1:6379/0",
    }
    settings = Settings.from_environ(variables)
    for shown in (repr(settings), str(settings), f"{settings.private_key} {settings.secret!r:}"):
        assert "canary" not in shown
        assert "PRIVATE" not in shown
    assert set(settings.secret_values()) == {
        pem, "canary-webhook", "canary-own-secret-of-32-characters!", "canary-redis"
    }  # fmt: skip


def test_all_processes_of_an_app_make_the_same_secret_from_its_key(pem: str) -> None:
    first, second = (Settings.from_environ(HOME | {"PRIVATE_KEY": key}).secret for key in (pem, pem.strip()))
    assert first == second
    assert len(first.reveal()) == 64


SAMPLES = {
    "APP_ID": "12", "WEBHOOK_SECRET": "s", "REDIS_URL": "redis://127.0.0.1:1/0", "PORT": "1", "HOST": "::1",
    "GITHUB_API_URL": "https://a", "GITHUB_SERVER_URL": "https://b", "PDEV_SECRET": "x" * 32, "PDEV_DATA_DIR": "/d",
    "PDEV_BASE_URL": "https://c", "PDEV_AGENT": "scripted", "PDEV_SANDBOX": "none", "PDEV_SLOTS": "63",
    "PDEV_SCRIPT_SOCKET": "/s", "PDEV_WORKER_PORT": "2", "PDEV_LEASE_S": "21", "PDEV_BEAT_S": "1", "PDEV_SWEEP_S": "1",
    "PDEV_WRITES_PER_MINUTE": "61", "PDEV_WRITES_PER_HOUR": "401", "LOG_LEVEL": "debug",
    "LOG_FORMAT": "console", "PDEV_TOOLCHAINS": "/usr/lib:/usr/share", "PDEV_EGRESS_ALLOW": "mirror.lan:8080,*.a.org",
    "PDEV_EGRESS_PROXY": "http://proxy.lan:3128", "PDEV_MIRRORS": "pypi=https://m/simple,npm=http://m:4873",
    "PDEV_BUDGET_OWNER_DAY_USD": "50.5",
    "PDEV_BUDGET_OWNER_DAY_TOKENS": "1000000",
    "PDEV_BUDGET_SERVER_DAY_USD": "500",
    "PDEV_BUDGET_SERVER_DAY_TOKENS": "9000000",
    "PDEV_ARTIFACTS_DIR": "/a", "PDEV_TRANSCRIPT_DAYS": "8", "PDEV_TRANSCRIPTS_MB": "9",
}  # fmt: skip


def test_every_listed_variable_changes_something(pem: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(pem)
    samples = SAMPLES | {"PRIVATE_KEY": pem, "PRIVATE_KEY_PATH": str(path)}
    assert set(samples) == {variable.name for variable in VARIABLES}
    plain = Settings.from_environ(HOME)
    for name, value in samples.items():
        assert Settings.from_environ(HOME | {name: value}) != plain, name
    everything = Settings.from_environ(HOME | samples)
    untouched = [f.name for f in dataclasses.fields(Settings) if getattr(everything, f.name) == getattr(plain, f.name)]
    assert untouched == []


def test_a_child_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE_KEY", "canary")
    assert environ()["PRIVATE_KEY"] == "canary"
    child = child_environ({"PDEV_X": "1"})
    assert "canary" not in child.values()
    assert child["PATH"]
    assert child["PDEV_X"] == "1"


def test_the_documented_table_is_the_real_one() -> None:
    rows = [f"| `{v.name}` | {v.default and f'`{v.default}`'} | {v.meaning} |\n" for v in VARIABLES]
    table = "| variable | default | meaning |\n|---|---|---|\n" + "".join(rows)
    found = re.search(r"\| variable .*?\n(?!\|)|\| variable .*\Z", text := DOCS.read_text(encoding="utf-8"), re.DOTALL)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        DOCS.write_text((text[: found.start()] if found else text) + table, encoding="utf-8")
        return
    assert found is not None
    assert found[0].strip() == table.strip(), "run the tests with UPDATE_GOLDEN=1"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("PDEV_TOOLCHAINS", "/usr:/nowhere", "“/nowhere”"),
        ("PDEV_TOOLCHAINS", "bin", "“bin”"),
        ("PDEV_EGRESS_ALLOW", "a.org,http://b.org", "“http://b.org”"),
        ("PDEV_EGRESS_ALLOW", "*", "“*”"),
        ("PDEV_EGRESS_ALLOW", "a..b", "“a..b” (not a host name)"),
        ("PDEV_EGRESS_ALLOW", "-x.org:99999", "“-x.org:99999” (not a port)"),
        ("PDEV_EGRESS_PROXY", "https://proxy:1", "no http address"),
        ("PDEV_EGRESS_PROXY", "http://me:word@proxy:1", "password"),
        ("PDEV_MIRRORS", "pip=https://m", "“pip”"),
        ("PDEV_MIRRORS", "pypi=https://me:word@m/simple", "no password"),
        ("PDEV_MIRRORS", "npm=m", "http(s)://HOST"),
    ],
)
def test_what_is_opened_to_setup_is_checked(name: str, value: str, problem: str) -> None:
    with pytest.raises(BadSettings) as bad:
        Settings.from_environ(HOME | {name: value})
    assert problem in str(bad.value)
    assert "word@" not in str(bad.value)
