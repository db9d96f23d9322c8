"""Reading variables one by one without stopping at the first mistake.

Each reader returns a usable value and writes down what was wrong with the given one, so that `Settings.from_environ`
can report everything at once. No problem's text repeats a value that may be a secret.
"""

import base64
import binascii
import difflib
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from core.secret import Secret
from core.settings.variables import VARIABLES

NAMES = tuple(variable.name for variable in VARIABLES)


class Reading:
    """Reads variables one by one and collects what is wrong; an unreadable one yields its default."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.values = {name: value.strip() for name, value in environ.items() if value.strip()}
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)

    def listed(self, name: str) -> list[str]:
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def path(self, name: str) -> Path | None:
        value = self.text(name)
        return Path(value) if value else None

    def folder(self, name: str) -> Path | None:
        """An absolute path; None where it is not set."""
        chosen = self.path(name)
        if chosen and not chosen.is_absolute():
            self.problems.append(f"{name} is “{chosen}”. Give a path that starts with a slash.")
        return chosen

    def app_id(self) -> str:
        value = self.text("APP_ID")
        if value and not re.fullmatch(r"[A-Za-z0-9.]+", value):
            self.problems.append("APP_ID is not an App's id. Copy it from the top of the App's page on GitHub.")
        return value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not (re.fullmatch(r"[0-9]{1,9}", value) and low <= int(value) <= high):
            self.problems.append(f"{name} is “{value}”. Give a whole number from {low} to {high}.")
            return default
        return int(value)

    def seconds(self, name: str, default: float, low: float, high: float) -> float:
        value = self.text(name)
        if not value:
            return default
        if not (re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value) and low <= float(value) <= high):
            self.problems.append(f"{name} is “{value}”. Give seconds from {low:g} to {high:g}.")
            return default
        return float(value)

    def dollars(self, name: str) -> float | None:
        """Up to a million US dollars; None for no bound."""
        value = self.text(name)
        if not value:
            return None
        if not (re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", value) and 0 < float(value) <= 1_000_000):
            self.problems.append(f"{name} is “{value}”. Give US dollars above 0, such as 50 or 12.5, or leave it out.")
            return None
        return float(value)

    def tokens(self, name: str) -> int | None:
        """Up to a million million tokens; None for no bound."""
        value = self.text(name)
        if not value:
            return None
        if not (re.fullmatch(r"[0-9]{1,13}", value) and 0 < int(value) <= 10**12):
            self.problems.append(f"{name} is “{value}”. Give a whole number of tokens above 0, or leave it out.")
            return None
        return int(value)

    def choice(self, name: str, default: str, options: Sequence[str]) -> str:
        value = self.text(name).lower()
        if not value or value in options:
            return value or default
        close = difflib.get_close_matches(value, options, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"Give one of: {', '.join(options)}."
        self.problems.append(f"{name} is “{value}”. {hint}")
        return default

    def address(self, name: str, default: str, *, anywhere: bool = False) -> str:
        """An http address without its last slash; plain http leaves the machine only with `anywhere`."""
        value = self.text(name, default).rstrip("/")
        problem = _address_problem(value, anywhere=anywhere) if value else ""
        if problem:
            self.problems.append(f"{name} {problem}")
        return value

    def redis_url(self) -> str:
        value = self.text("REDIS_URL")
        if value and not _is_redis_url(value):
            self.problems.append("REDIS_URL is not understood. Write redis://HOST:PORT/0, rediss://… or unix:///PATH.")
        return value

    def private_key(self) -> Secret:
        name, text = "PRIVATE_KEY", self.text("PRIVATE_KEY")
        if not text and (path := self.path("PRIVATE_KEY_PATH")):
            name = "PRIVATE_KEY_PATH"
            try:
                text = path.read_text(encoding="utf-8", errors="replace").strip()
            except OSError as error:
                self.problems.append(f"PRIVATE_KEY_PATH cannot be read ({error.strerror}). Check path and permissions.")
                return Secret("")
        if not text:
            return Secret("")
        key = _pem(text)
        if not _is_rsa_key(key):
            self.problems.append(f"{name} holds no RSA private key. Download one from the App's page (Private keys).")
        return Secret(key)

    def own_secret(self, private_key: Secret) -> Secret:
        """PDEV_SECRET, else one made from the private key: every process of this App arrives at the same."""
        value = self.text("PDEV_SECRET")
        if value and len(value) < 32:
            self.problems.append("PDEV_SECRET is too short. Give 32 characters or more: `openssl rand -hex 32`.")
        if value or not private_key:
            return Secret(value)
        return Secret(hmac.new(private_key.reveal().encode(), b"pdev: links and markers", hashlib.sha256).hexdigest())

    def data_dir(self) -> Path:
        if chosen := self.folder("PDEV_DATA_DIR"):
            return chosen
        if home := self.text("XDG_DATA_HOME"):
            return Path(home) / "pdev"
        if home := self.text("HOME"):
            return Path(home) / ".local" / "share" / "pdev"
        self.problems.append("PDEV_DATA_DIR is not set and there is no HOME. Set PDEV_DATA_DIR to a directory.")
        return Path("/nonexistent")

    def missing(self, needs: Collection[str]) -> None:
        known = {variable.name: variable for variable in VARIABLES}
        for name in needs:
            if name == "PRIVATE_KEY" and "PRIVATE_KEY_PATH" in self.values:
                continue
            if name not in self.values:
                self.problems.append(f"{name} is not set. {known[name].meaning}")

    def misspelt(self) -> None:
        for name in sorted(self.values):
            if name.startswith("PDEV_") and name not in NAMES:
                close = difflib.get_close_matches(name, NAMES, n=1)
                hint = f"Did you mean {close[0]}?" if close else "Remove it."
                self.problems.append(f"{name} is not a setting of pdev. {hint}")


def _address_problem(value: str, *, anywhere: bool) -> str:
    """What is wrong with this http address, with the next step; empty when nothing is."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no address. Write it as https://HOST."
    if parts.username or parts.password:
        return "holds a user name or password. Leave them out."
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        return f"is “{value}”. Write it as https://HOST."
    if parts.scheme == "http" and not anywhere and not _is_loopback(host):
        return f"is “{value}”: tokens would travel unencrypted. Use https, or a host on this machine."
    return ""


def _is_redis_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(parts.path) if parts.scheme == "unix" else parts.scheme in ("redis", "rediss") and bool(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _pem(text: str) -> str:
    r"""The key's PEM text, whichever of the three usual ways it was written in."""
    text = text.strip("\"'").replace("\\n", "\n")
    if "-----BEGIN" not in text:
        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return text
    return text.strip() + "\n"


def _is_rsa_key(pem: str) -> bool:
    # Imported here: reading the settings of a process without a key should not cost 60 ms.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return isinstance(load_pem_private_key(pem.encode(), password=None), RSAPrivateKey)
    except (ValueError, TypeError):
        return False
