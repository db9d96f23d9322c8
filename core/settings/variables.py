"""The environment variables of pdev, one row each: what docs/settings.md shows and what is known to be spelt right."""

from dataclasses import dataclass

AGENTS = ("scripted",)
SANDBOXES = ("bubblewrap", "none")
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("json", "console")


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of docs/settings.md."""

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable("APP_ID", "", "The GitHub App's id (a number) or client id."),
    Variable("PRIVATE_KEY", "", r"The App's private key: PEM, PEM with `\n` for line ends, or base64 of the PEM."),
    Variable("PRIVATE_KEY_PATH", "", "A file with that key, used when `PRIVATE_KEY` is not set."),
    Variable("WEBHOOK_SECRET", "", "The App's webhook secret; several, comma-separated, while it is changed."),
    Variable("REDIS_URL", "", "`redis://`, `rediss://` or `unix://`; without it `pdev up` starts its own."),
    Variable("PORT", "3000", "Where the web process listens."),
    Variable("HOST", "127.0.0.1", "The address it listens on; name another one to be reached from elsewhere."),
    Variable("GITHUB_API_URL", "https://api.github.com", "GitHub's API (enterprise: `https://HOST/api/v3`)."),
    Variable("GITHUB_SERVER_URL", "https://github.com", "GitHub's pages and git (enterprise: `https://HOST`)."),
    Variable(
        "PDEV_SECRET",
        "made from the private key",
        "Signs links to transcripts; 32 characters or more. A new one ends the links made with the old.",
    ),
    Variable("PDEV_DATA_DIR", "~/.local/share/pdev", "Git caches, worktrees and the embedded Valkey's files."),
    Variable(
        "PDEV_BASE_URL",
        "",
        "Where people reach the web process, such as `https://pdev.example.org`; else nothing links to transcripts.",
    ),
    Variable("PDEV_ARTIFACTS_DIR", "", "A directory that all processes share, for transcripts; else Redis keeps them."),
    Variable("PDEV_TRANSCRIPT_DAYS", "7", "Days that transcripts stay after their task has settled, 1 to 365."),
    Variable("PDEV_TRANSCRIPTS_MB", "256", "Megabytes that all transcripts together may take."),
    Variable("PDEV_AGENT", "", "Which agent works: `scripted`."),
    Variable("PDEV_SANDBOX", "bubblewrap", "`none` runs agents unprotected, and every report says so."),
    Variable("PDEV_SLOTS", "2 per CPU, 2 to 16", "How many agents one worker runs at once, 1 to 64."),
    Variable("PDEV_SCRIPT_SOCKET", "", "Unix socket that gives agents their cues; `PDEV_AGENT=scripted` needs it."),
    Variable("PDEV_WORKER_PORT", "0", "Where a worker serves `/metrics` and `/healthz` on loopback; 0: nowhere."),
    Variable("PDEV_LEASE_S", "20", "Seconds after which a silent worker's task is taken over, 1 to 600."),
    Variable("PDEV_BEAT_S", "5", "Seconds between two signs of life of a worker; at most half of `PDEV_LEASE_S`."),
    Variable("PDEV_SWEEP_S", "5", "Seconds between two looks for what was left behind, 0.1 to 600."),
    Variable("PDEV_WRITES_PER_MINUTE", "60", "Content writes to one installation; GitHub allows 80."),
    Variable("PDEV_WRITES_PER_HOUR", "400", "The same for an hour; GitHub allows 500."),
    Variable(
        "PDEV_TOOLCHAINS", "", "Folders of programs that agents and setup need besides those on PATH; `:` between."
    ),
    Variable(
        "PDEV_EGRESS_ALLOW", "", "Further hosts that setup may reach, `HOST` or `HOST:PORT`; private ones as well."
    ),
    Variable(
        "PDEV_EGRESS_PROXY", "", "A proxy (`http://HOST:PORT`) that setup's connections to public hosts go through."
    ),
    Variable("PDEV_MIRRORS", "", "Mirrors of package registries: `pypi=URL,npm=URL,go=URL,crates=URL`; no passwords."),
    Variable("PDEV_BUDGET_OWNER_DAY_USD", "", "US dollars that all repositories of one owner may spend in a UTC day."),
    Variable("PDEV_BUDGET_OWNER_DAY_TOKENS", "", "The same in tokens, in and out."),
    Variable("PDEV_BUDGET_SERVER_DAY_USD", "", "US dollars that everything here together may spend in a UTC day."),
    Variable("PDEV_BUDGET_SERVER_DAY_TOKENS", "", "The same in tokens, in and out."),
    Variable("LOG_LEVEL", "info", "`debug`, `info`, `warning` or `error`."),
    Variable("LOG_FORMAT", "json", "`json` (one object a line) or `console` (for people)."),
)
