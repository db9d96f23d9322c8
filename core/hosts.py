"""Names of hosts as people write them: one reading for repositories, operators and the way out of the sandbox.

What one place takes and another does not understand would be dropped without a word, or reach more than was meant.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_LAST = "[A-Za-z](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"  # an address ends in a number
PATTERN = rf"(?:(?:\*\.)?(?:{_LABEL}\.)+)?{_LAST}"
"""A host's name, or `*.` and a name of two parts or more; also read by editors that check the configuration."""
LONGEST = 253
"""Characters of a name (RFC 1035)."""
_NAMED = re.compile(PATTERN)


def hosts(text: str) -> str:
    """`HOST` or `*.HOST`, in lower case and without the dot at its end. Raises ValueError."""
    name = text.removesuffix(".")
    if len(name) > LONGEST or not _NAMED.fullmatch(name):
        raise ValueError("not a host name")
    return name.lower()


def split(text: str, *, default: int) -> tuple[str, int]:
    """`HOST:PORT`, `HOST` or `[ADDRESS]:PORT` as a plain lower-case host and the port. Raises ValueError.

    The host is not judged: whoever asks has a list.
    """
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::([0-9]{1,5}))?", text)
    if not found:
        raise ValueError("not a host")
    port = int(found[3]) if found[3] else default
    if port > 65_535 or (found[3] and port == 0):
        raise ValueError("not a port")
    host = (found[1] or found[2]).lower().removesuffix(".")
    address = as_address(host)
    if address is not None:
        return str(address), port
    if found[1]:
        raise ValueError("not an address")
    return host, port


def place(text: str, *, default: int = 0) -> tuple[str, int]:
    """As an operator writes it: `HOST`, `*.HOST` or an address, each with `:PORT` or without. Raises ValueError."""
    host, port = split(text, default=default)
    return (host if as_address(host) else hosts(host)), port


def as_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
