"""A small real repository to fetch from and push to."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from jobs.git import Cache, Mirror, Signature

AUTHOR = Signature("pdev", "pdev@example.org", 1_700_000_000)
PLAIN = {
    "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}  # fmt: skip


def git(*args: str, cwd: Path, check: bool = True, env: dict[str, str] | None = None) -> str:
    """git as an ordinary user runs it."""
    return subprocess.run(
        ["git", *args], cwd=cwd, check=check, capture_output=True, text=True, env={**PLAIN, **(env or {})}
    ).stdout.strip()


@dataclass
class Origin:
    """The server's side: a bare repository and a clone to change it with."""

    bare: Path
    clone: Path

    @property
    def url(self) -> str:
        return f"file://{self.bare}"

    @classmethod
    def make(cls, folder: Path) -> "Origin":
        origin = cls(folder / "origin.git", folder / "clone")
        git("init", "--quiet", "--bare", "--initial-branch=main", str(origin.bare), cwd=folder)
        git("init", "--quiet", "--initial-branch=main", str(origin.clone), cwd=folder)
        origin.commit({"readme.md": "hello\n", "src/a.py": "a = 1\n", ".gitignore": "*.pyc\nbuild/\n"})
        return origin

    def commit(self, files: dict[str, str], branch: str = "main") -> str:
        """Commit files and push them; returns the sha."""
        for name, text in files.items():
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / name).write_text(text)
        git("add", "--all", cwd=self.clone)
        git("commit", "--quiet", "--message", "more", cwd=self.clone)
        git("push", "--quiet", self.url, f"HEAD:refs/heads/{branch}", cwd=self.clone)
        return git("rev-parse", "HEAD", cwd=self.clone)

    def refs(self) -> dict[str, str]:
        rows = git("for-each-ref", "--format=%(refname) %(objectname)", cwd=self.bare).splitlines()
        return dict(row.split(" ") for row in rows)

    def files(self, revision: str) -> dict[str, str]:
        names = git("ls-tree", "-r", "--name-only", revision, cwd=self.bare).splitlines()
        return {name: git("show", f"{revision}:{name}", cwd=self.bare) for name in names}


def cache_at(folder: Path) -> Cache:
    return Cache(folder, protocols=frozenset({"file"}))


async def mirror_of(origin: Origin, folder: Path) -> Mirror:
    mirror = await cache_at(folder).repository(origin.url, 1)
    await mirror.fetch(None)
    return mirror
