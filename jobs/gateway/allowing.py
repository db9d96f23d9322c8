"""Which hosts may be reached, and which addresses never: decisions only.

A name on the allow-list is not enough. Whoever owns it decides which address it has, at each question anew, and could
answer with the machine's own services or a cloud's metadata. So the address is judged too, and it is that very address
that is connected to.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.hosts import as_address, place

WEB_PORTS = frozenset({80, 443})
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOBODYS = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20")))
"""Addresses of protocols (RFC 6890, RFC 7526), the metadata service of one cloud, which has a public address, and
addresses for documents (RFC 9637), which older Pythons take for public ones."""
_ISATAP = frozenset({0x5EFE, 0x0200_5EFE})
"""What stands before an address that is wrapped into the end of another one (RFC 5214)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`host` is a name, an address, or `*.` and a name (all names below it, not itself).

    Who wrote it is `trusted` when it was the operator, who may also mean addresses of the own network and other ports.
    """

    host: str
    ports: frozenset[int] = WEB_PORTS
    trusted: bool = False

    def covers(self, host: str, port: int) -> bool:
        if port not in self.ports:
            return False
        return host.endswith(self.host[1:]) if self.host.startswith("*.") else host == self.host


def rule(text: str, *, trusted: bool = False) -> Rule:
    """A rule as people write it: `HOST`, `*.HOST`, and for operators also `HOST:PORT`. Raises ValueError."""
    host, port = place(text)
    if not trusted and (port or as_address(host)):
        raise ValueError("a port or an address cannot be named here; 80 and 443 are reachable")
    return Rule(host, frozenset({port}) if port else WEB_PORTS, trusted)


def deciding(rules: Iterable[Rule], host: str, port: int) -> Rule | None:
    """The rule that allows it, the operator's first; None: refused."""
    if not _NAME.fullmatch(host) and as_address(host) is None:
        return None
    found = [one for one in rules if one.covers(host, port)]
    return next((one for one in found if one.trusted), found[0] if found else None)


def is_public(address: str) -> bool:
    """Whether it is an address of the open internet, also where it is wrapped into another one."""
    try:
        plain = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(plain, ipaddress.IPv6Address):
        is_wrapped = plain in _NAT64 or (int(plain) >> 32) & 0xFFFF_FFFF in _ISATAP
        if plain.ipv4_mapped or plain.sixtofour or is_wrapped:
            inner = plain.ipv4_mapped or plain.sixtofour or ipaddress.IPv4Address(int(plain) & 0xFFFFFFFF)
            return is_public(str(inner))
        if plain.teredo or plain.is_site_local or int(plain) < 1 << 32:
            return False
    if any(plain in network for network in _NOBODYS):
        return False
    return plain.is_global and not (plain.is_multicast or plain.is_reserved or plain.is_unspecified)


def may_connect(addresses: Sequence[str], by: Rule) -> bool:
    """Whether a name with these addresses may be connected to: one private address among them is one too many."""
    return bool(addresses) and (by.trusted or all(is_public(address) for address in addresses))


def hosts_of(texts: Iterable[str]) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules of a repository that are understood, and the texts that are not."""
    rules: list[Rule] = []
    odd: list[str] = []
    for text in texts:
        try:
            rules.append(rule(text))
        except ValueError:
            odd.append(text)
    return tuple(rules), tuple(odd)
