"""The world as it is before the story begins: an organisation, a repository, six people with six rights, our App."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from demo.hub import gitstore
from demo.hub.state import Account, AccountType, App, Installation, Label, Repository, Role, World

APP_SLUG = "pdev"
PEOPLE: dict[str, Role | None] = {
    "owner": "admin",
    "maintainer": "maintain",
    "developer": "write",
    "triager": "triage",
    "reader": "read",
    "stranger": None,
}
PERMISSIONS = {
    "actions": "read",
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "read",
}
EVENTS = [
    "check_run",
    "check_suite",
    "issue_comment",
    "issue_dependencies",
    "issues",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "push",
    "repository",
    "status",
    "sub_issues",
]
_LABELS = {
    "bug": ("d73a4a", "Something isn't working"),
    "documentation": ("0075ca", "Improvements or additions to documentation"),
    "enhancement": ("a2eeef", "New feature or request"),
    "question": ("d876e3", "Further information is requested"),
}


def new_key() -> str:
    """A 2048-bit RSA key in the PEM form that GitHub hands out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


@lru_cache(8)
def public_half(private_pem: str) -> bytes:
    key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def plant(
    world: World, data_dir: Path, now: datetime, *, owner: str, repo: str, private: bool, key_pem: str
) -> tuple[App, Installation, Repository]:
    """Fill an empty world; nothing is announced, because nobody listens yet."""
    organization = add_account(world, owner, "Organization", now)
    for login in PEOPLE:
        add_account(world, login, "User", now)
    organization.members |= {"owner", "maintainer"}
    repository = add_repository(world, data_dir, now, owner=organization, name=repo, private=private)
    repository.collaborators = {login: role for login, role in PEOPLE.items() if role is not None}
    app = add_app(world, now, slug=APP_SLUG, owner=organization, public_key_pem=public_half(key_pem))
    return app, add_installation(world, now, app=app, account=organization, repos=[repository]), repository


def add_account(world: World, login: str, kind: AccountType, now: datetime) -> Account:
    email = f"{login}@users.noreply.example.com" if kind == "User" else None
    account = Account(world.new_id(), login, kind, now, name=login.capitalize(), email=email)
    world.accounts[login.lower()] = account
    return account


def add_repository(
    world: World, data_dir: Path, now: datetime, *, owner: Account, name: str, private: bool = False
) -> Repository:
    """With the labels that GitHub gives to every new repository; its git repository is empty."""
    # Named by id: a rename or a transfer moves no file, and the old name is free for another repository.
    repo_id = world.new_id()
    repo = Repository(repo_id, owner, name, data_dir / "git" / f"{repo_id}.git", now, now, private=private)
    gitstore.create(repo.git_dir, repo.default_branch)
    for label, (color, words) in _LABELS.items():
        repo.labels[label] = Label(world.new_id(), label, color, words, default=True)
    world.repos[repo.id] = repo
    return repo


def add_app(
    world: World,
    now: datetime,
    *,
    slug: str,
    owner: Account,
    public_key_pem: bytes,
    permissions: dict[str, str] | None = None,
    events: list[str] | None = None,
) -> App:
    bot = add_account(world, f"{slug}[bot]", "Bot", now)
    bot.name = None
    app = App(
        id=world.new_id(),
        slug=slug,
        name=slug,
        client_id=f"Iv23li{world.new_id():014d}",
        owner=owner,
        bot=bot,
        public_key_pem=public_key_pem,
        permissions=dict(PERMISSIONS if permissions is None else permissions),
        events=list(EVENTS if events is None else events),
        created_at=now,
        updated_at=now,
    )
    world.apps[app.id] = app
    return app


def add_installation(
    world: World, now: datetime, *, app: App, account: Account, repos: list[Repository] | None
) -> Installation:
    """On some repositories of the account, or (None) on all of them."""
    installation = Installation(
        id=world.new_id(),
        app=app,
        account=account,
        permissions=dict(app.permissions),
        events=list(app.events),
        created_at=now,
        updated_at=now,
        repository_selection="all" if repos is None else "selected",
        repository_ids={repo.id for repo in repos or []},
    )
    world.installations[installation.id] = installation
    return installation
