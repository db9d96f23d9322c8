"""The hub as a program: start it, say in one line of JSON how to reach it, run until told to stop.

The line is for programs as much as for people: a script reads the addresses, the key and the tokens from it instead of
guessing them. Key and webhook secret are kept in the data directory, so that an App configured once still fits after a
restart; issues, pull requests and tokens are not kept.
"""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from core.clock import SystemClock
from core.signals import told_to_end
from demo.hub.hub import Hub
from demo.hub.seed import new_key

KEY_FILE, SECRET_FILE = "private-key.pem", "webhook-secret"


async def serve(port: int, data_dir: Path, webhook_url: str | None) -> None:
    """Run a hub on 127.0.0.1:`port` (0: any free one) until SIGINT or SIGTERM; deliveries go to `webhook_url`.

    Prints one line of JSON when it listens: `api_url`, `html_url`, `app_id`, `installation_id`, `private_key_path`,
    `webhook_secret`, `webhook_url`, `owner`, `repo`, and `users` (login to `token` and `permission`). Raises OSError
    where the port is taken or the directory cannot be written.
    """
    key, secret = _credentials(data_dir)
    world = data_dir / f"hub-{os.getpid()}"
    hub = Hub(world, now=SystemClock().now, webhook_url=webhook_url, webhook_secret=secret, private_key_pem=key)
    with told_to_end() as told:
        try:
            await hub.start(port)
            print(json.dumps(introduction(hub, data_dir / KEY_FILE)), flush=True)
            await told.wait()
        finally:
            await hub.stop()


def introduction(hub: Hub, key_path: Path) -> dict[str, object]:
    """All that a client needs to know about a started hub."""
    roles = hub.repo.collaborators
    users = {
        login: {"token": token, "permission": roles.get(login.lower(), "none")} for login, token in hub.users.items()
    }
    return {
        "api_url": hub.api_url,
        "html_url": hub.html_url,
        "app_id": hub.app_id,
        "installation_id": hub.installation_id,
        "private_key_path": str(key_path),
        "webhook_secret": hub.webhook_secret,
        "webhook_url": hub.webhook_url,
        "owner": hub.repo.owner.login,
        "repo": hub.repo.name,
        "users": users,
    }


def _credentials(data_dir: Path) -> tuple[str, str]:
    """The App's private key and the webhook secret."""
    data_dir.mkdir(parents=True, exist_ok=True)
    return _kept(data_dir / KEY_FILE, new_key), _kept(data_dir / SECRET_FILE, lambda: secrets.token_hex(20))


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The text of a file only its owner may read; made once."""
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(make())
    return path.read_text(encoding="utf-8")
