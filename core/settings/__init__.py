"""The environment, read once into a frozen `Settings`.

Whoever runs pdev should not mend one variable, start again, and learn of the next: every mistake is reported at once,
by name and with the next step, misspelt names included. Nothing else reads `os.environ`, so what a process depends on
is listed here (`VARIABLES`, and the same table in docs/settings.md).
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from core.budget import Caps
from core.errors import BadSettings
from core.secret import Secret
from core.settings import outside
from core.settings.reading import Reading
from core.settings.variables import AGENTS, LOG_FORMATS, LOG_LEVELS, SANDBOXES, VARIABLES, Variable
from core.tasks import Cap

__all__ = [
    "VARIABLES",
    "WEB_NEEDS",
    "WORKER_NEEDS",
    "Settings",
    "Variable",
    "child_environ",
    "environ",
]

# What each process cannot do without; `from_environ(…, needs=…)` reports what is missing along with what is wrong.
WEB_NEEDS = ("APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET", "REDIS_URL")
WORKER_NEEDS = ("APP_ID", "PRIVATE_KEY", "REDIS_URL", "PDEV_AGENT")


# What a child process may inherit without learning a secret.
_HARMLESS = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TERM",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. Empty text, empty tuple and falsy `Secret` mean: not set."""

    app_id: str
    private_key: Secret
    webhook_secrets: tuple[Secret, ...]
    redis_url: str = field(repr=False)  # may hold a password
    port: int
    host: str
    github_api_url: str
    github_server_url: str
    secret: Secret
    data_dir: Path
    base_url: str
    artifacts_dir: Path | None
    transcript_days: int
    transcripts_mb: int
    agent: str
    sandbox: str
    slots: int
    script_socket: Path | None
    worker_port: int
    toolchains: tuple[Path, ...]
    egress_allow: tuple[str, ...]
    egress_proxy: str
    mirrors: Mapping[str, str]
    lease_s: float
    beat_s: float
    sweep_s: float
    writes_per_minute: int
    writes_per_hour: int
    owner_day_usd: float | None
    owner_day_tokens: int | None
    server_day_usd: float | None
    server_day_tokens: int | None
    log_level: str
    log_format: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, needs: Collection[str] = ()) -> Self:
        """Read and check all of `VARIABLES`; `needs` names those that must be set (`WEB_NEEDS`, `WORKER_NEEDS`);
        who needs an agent needs what that agent needs.

        Raises `BadSettings` with every problem found.
        """
        read = Reading(environ)
        host, port = read.text("HOST", "127.0.0.1"), read.whole("PORT", 3000, 0, 65_535)
        private_key = read.private_key()
        lease_s = read.seconds("PDEV_LEASE_S", 20, 1, 600)
        settings = cls(
            app_id=read.app_id(),
            private_key=private_key,
            webhook_secrets=tuple(Secret(part) for part in read.listed("WEBHOOK_SECRET")),
            redis_url=read.redis_url(),
            port=port,
            host=host,
            github_api_url=read.address("GITHUB_API_URL", "https://api.github.com"),
            github_server_url=read.address("GITHUB_SERVER_URL", "https://github.com"),
            secret=read.own_secret(private_key),
            data_dir=read.data_dir(),
            base_url=read.address("PDEV_BASE_URL", "", anywhere=True),
            artifacts_dir=read.folder("PDEV_ARTIFACTS_DIR"),
            transcript_days=read.whole("PDEV_TRANSCRIPT_DAYS", 7, 1, 365),
            transcripts_mb=read.whole("PDEV_TRANSCRIPTS_MB", 256, 1, 1_000_000),
            agent=read.choice("PDEV_AGENT", "", AGENTS),
            sandbox=read.choice("PDEV_SANDBOX", "bubblewrap", SANDBOXES),
            slots=read.whole("PDEV_SLOTS", min(16, 2 * (os.cpu_count() or 1)), 1, 64),
            script_socket=read.path("PDEV_SCRIPT_SOCKET"),
            worker_port=read.whole("PDEV_WORKER_PORT", 0, 0, 65_535),
            toolchains=outside.toolchains(read),
            egress_allow=outside.egress_allow(read),
            egress_proxy=outside.egress_proxy(read),
            mirrors=outside.mirrors(read),
            lease_s=lease_s,
            beat_s=read.seconds("PDEV_BEAT_S", min(5, lease_s / 4), 0.05, lease_s / 2),
            sweep_s=read.seconds("PDEV_SWEEP_S", 5, 0.1, 600),
            writes_per_minute=read.whole("PDEV_WRITES_PER_MINUTE", 60, 1, 100_000),
            writes_per_hour=read.whole("PDEV_WRITES_PER_HOUR", 400, 1, 1_000_000),
            owner_day_usd=read.dollars("PDEV_BUDGET_OWNER_DAY_USD"),
            owner_day_tokens=read.tokens("PDEV_BUDGET_OWNER_DAY_TOKENS"),
            server_day_usd=read.dollars("PDEV_BUDGET_SERVER_DAY_USD"),
            server_day_tokens=read.tokens("PDEV_BUDGET_SERVER_DAY_TOKENS"),
            log_level=read.choice("LOG_LEVEL", "info", LOG_LEVELS),
            log_format=read.choice("LOG_FORMAT", "json", LOG_FORMATS),
        )
        is_scripted = settings.agent == "scripted" and "PDEV_AGENT" in needs
        read.missing([*needs, "PDEV_SCRIPT_SOCKET"] if is_scripted else needs)
        read.misspelt()
        if read.problems:
            raise BadSettings(read.problems)
        return settings

    @property
    def operator_caps(self) -> Caps:
        """What all repositories of an owner, and all of this server, may spend in a UTC day."""
        return Caps(
            owner_day=Cap(usd=self.owner_day_usd, tokens=self.owner_day_tokens),
            server_day=Cap(usd=self.server_day_usd, tokens=self.server_day_tokens),
        )

    def secret_values(self) -> tuple[str, ...]:
        """Every secret of these settings, for the log's redaction; the password in `redis_url` included."""
        password = urlsplit(self.redis_url).password or ""
        hidden = (self.private_key, self.secret, *self.webhook_secrets, Secret(password))
        return tuple(secret.reveal() for secret in hidden if secret)


def environ() -> dict[str, str]:
    """A copy of this process's environment."""
    return dict(os.environ)


def child_environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment for a child process: what finds programs and sets the language, no secret, and `extra`."""
    return {name: os.environ[name] for name in _HARMLESS if name in os.environ} | dict(extra or {})
