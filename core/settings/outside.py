"""What of the world outside the sandbox an operator opens to it: folders of programs, hosts, a proxy, mirrors."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from core import hosts
from core.settings.reading import Reading

MIRRORS = ("pypi", "npm", "go", "crates")


def toolchains(read: Reading) -> tuple[Path, ...]:
    """`PDEV_TOOLCHAINS`: folders that exist."""
    folders = tuple(Path(part) for part in read.text("PDEV_TOOLCHAINS").split(":") if part)
    for folder in folders:
        if not folder.is_absolute() or not folder.is_dir():
            read.problems.append(f"PDEV_TOOLCHAINS names “{folder}”, which is no folder. Give paths with `:` between.")
    return folders


def egress_allow(read: Reading) -> tuple[str, ...]:
    """`PDEV_EGRESS_ALLOW`: hosts, with a port or without."""
    good = []
    for text in read.listed("PDEV_EGRESS_ALLOW"):
        try:
            hosts.place(text)
            good.append(text)
        except ValueError as error:
            read.problems.append(
                f"PDEV_EGRESS_ALLOW names “{text}” ({error}). Write HOST, HOST:PORT or *.HOST, comma-separated."
            )
    return tuple(good)


def egress_proxy(read: Reading) -> str:
    """`PDEV_EGRESS_PROXY`: an http address with host and port."""
    value = read.address("PDEV_EGRESS_PROXY", "", anywhere=True) if read.text("PDEV_EGRESS_PROXY") else ""
    if value and not value.startswith("http://"):
        read.problems.append("PDEV_EGRESS_PROXY is no http address. Write http://HOST:PORT.")
    return value


def mirrors(read: Reading) -> Mapping[str, str]:
    """`PDEV_MIRRORS`: addresses by kind of registry."""
    found: dict[str, str] = {}
    for part in read.listed("PDEV_MIRRORS"):
        kind, _, address = part.partition("=")
        if kind not in MIRRORS:
            read.problems.append(f"PDEV_MIRRORS names “{kind}”. Write KIND=URL; kinds: {', '.join(MIRRORS)}.")
        elif not _is_mirror(address):
            read.problems.append(f"PDEV_MIRRORS has no usable address for {kind}. Write http(s)://HOST/…, no password.")
        else:
            found[kind] = address
    return found


def _is_mirror(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and not (parts.username or parts.password)
