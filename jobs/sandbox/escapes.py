"""Tries to get out of the sandbox it runs in, and prints what came of each attempt as a line of JSON.

Started inside by `probe`, never imported by it: standard library only, one argument (JSON) with what to reach for.
`held` is true when the attempt failed, except for `works`, which makes sure that refusing everything is no success.
"""

import contextlib
import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

NEW_USER = 0x10000000
PATIENCE_S = 1.0


def refused(attempt: Callable[[], object]) -> str | None:
    """Why the attempt failed, or None when it succeeded."""
    try:
        attempt()
    except OSError as error:
        return str(error.strerror or error)
    return None


def connect(address: Any, family: socket.AddressFamily = socket.AF_INET) -> None:
    with socket.socket(family) as line:
        line.settimeout(PATIENCE_S)
        try:
            line.connect(address)
        except TimeoutError:
            return  # somebody took the packet: there is a network


def send(address: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"?", address)


def new_namespace() -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_USER) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def write(path: str) -> None:
    Path(path).write_text("escaped")


def foreign_environment(own: set[str]) -> str:
    """A variable of any visible process that we were not given."""
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            names = {
                pair.split(b"=", 1)[0].decode(errors="replace") for pair in entry.read_bytes().split(b"\0") if pair
            }
            if names - own:
                return f"{entry}: {sorted(names - own)[0]}"
    return ""


def powers() -> str:
    """Capabilities we have, or the lack of no_new_privs."""
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    have = int(status["CapEff"], 16) | int(status["CapPrm"], 16) | int(status["CapBnd"], 16)
    return f"capabilities {have:#x}" if have else ("" if status["NoNewPrivs"] == "1" else "privileges may be gained")


def attempts(goal: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Each attempt's name, and why it failed (None: it did not)."""
    yield "host_file", refused(lambda: Path(goal["secret"]).read_text())
    yield "shadow", refused(lambda: Path("/etc/shadow").read_text())
    yield "neighbour", refused(lambda: os.listdir(goal["neighbour"]))
    yield "write_system", refused(lambda: write("/usr/escaped"))
    yield "write_root", refused(lambda: write("/escaped"))
    yield "write_runtime", refused(lambda: write(str(Path(goal["runtime"], "escaped"))))
    # The folders around the tree may be writable (a private /tmp): the host looks whether anything arrived there.
    refused(lambda: write(str(Path.cwd().parent / "escaped")))
    refused(lambda: write(str(Path(goal["neighbour"], "file"))))
    yield "write_metadata", refused(lambda: write(str(Path(goal["metadata"], "config"))))
    yield "replace_link", refused(lambda: os.replace(goal["other_link"], ".git"))
    yield "delete_link", refused(lambda: os.unlink(".git"))
    yield "loopback", refused(lambda: connect(("127.0.0.1", goal["port"])))
    yield "network", refused(lambda: connect(("192.0.2.1", 443)))  # a documentation address (RFC 5737)
    yield "datagram", refused(lambda: send(("192.0.2.1", 53)))
    yield "abstract_socket", refused(lambda: connect("\0" + goal["abstract"], socket.AF_UNIX))
    yield "host_process", refused(lambda: os.kill(goal["pid"], 0))
    yield "new_namespace", refused(new_namespace)


def observations(goal: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each thing that should not be there, and what was found of it (empty: nothing)."""
    yield "environment", foreign_environment({*goal["environment"], "PWD"})
    yield "powers", powers()
    yield "devices", " ".join(sorted({name for _, name in socket.if_nameindex()} - {"lo"}))


def main() -> None:
    goal = json.loads(sys.argv[1])
    for name, why in attempts(goal):
        print(json.dumps({"name": name, "held": why is not None, "detail": why or "it worked"}))
    for name, found in observations(goal):
        print(json.dumps({"name": name, "held": not found, "detail": found}))
    places = ("worked", str(Path.home() / "worked"), "/tmp/worked")  # noqa: S108
    trouble = [why for place in places if (why := refused(lambda p=place: write(p))) is not None]  # type: ignore[misc]
    print(json.dumps({"name": "works", "held": not trouble, "detail": "; ".join(trouble)}))


if __name__ == "__main__":
    main()
