"""The way out: what runs in the sandbox while a repository is set up reaches the allowed hosts, and nothing else.

The sandbox has no network. A `Doorway` is a unix socket with a proxy behind it that speaks to the hosts of one
allow-list; inside, `RELAY` listens on loopback and passes everything on, so that ordinary tools find an ordinary proxy.
"""

from pathlib import Path

from jobs.gateway.allowing import Rule, hosts_of, is_public, rule
from jobs.gateway.doorway import Bounds, Doorway, Gateway, Verdict

RELAY = Path(__file__).with_name("relay.py")
"""A program for inside: `python -I relay.py PORT SOCKET COMMAND…`; port 0: any."""

__all__ = ["RELAY", "Bounds", "Doorway", "Gateway", "Rule", "Verdict", "hosts_of", "is_public", "rule"]
