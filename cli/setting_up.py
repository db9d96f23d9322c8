"""What a worker sets repositories up with, put together from the operator's settings."""

from pathlib import Path
from urllib.parse import urlsplit

from core.settings import Settings, environ
from jobs.gateway import Gateway, Rule, rule
from jobs.sandbox import Sandbox, Toolchains, find_toolchains, this_python
from jobs.setup import Setup, Shelf

_PORTS = {"http": 80, "https": 443}


def toolchains(settings: Settings) -> Toolchains:
    """The programs that the worker's PATH and `PDEV_TOOLCHAINS` lead to."""
    variables = environ()
    return find_toolchains(variables.get("PATH", ""), Path(variables.get("HOME", "/")), settings.toolchains)


def gateway(settings: Settings) -> Gateway:
    """The way out: the operator's own hosts and mirrors are trusted, whatever their addresses."""
    named = tuple(rule(text, trusted=True) for text in settings.egress_allow)
    mirrors = tuple(_host_of(address) for address in settings.mirrors.values())
    upstream = urlsplit(settings.egress_proxy)
    return Gateway(
        allowed=(*named, *mirrors),
        upstream=(upstream.hostname, upstream.port or 80) if upstream.hostname else None,
    )


def setup(settings: Settings, sandbox: Sandbox) -> Setup:
    """All of it, for `Tools`."""
    runtime = this_python()
    found = toolchains(settings)
    return Setup(sandbox, runtime, gateway(settings), Shelf(settings.data_dir / "setup"), found, settings.mirrors)


def _host_of(address: str) -> Rule:
    parts = urlsplit(address)
    return Rule((parts.hostname or "").lower(), frozenset({parts.port or _PORTS[parts.scheme]}), trusted=True)
