"""Files that nobody means to commit: environments with passwords in them, keys, downloads, what a build leaves behind.

Only new files are judged. A repository that has one of these on purpose keeps it, and its agents may change it.
"""

import re
from posixpath import basename

_FOLDERS = frozenset({
    "node_modules", "bower_components", "__pycache__", ".venv", ".tox", ".nox", ".pytest_cache", ".mypy_cache",
    ".ruff_cache", ".hypothesis", ".gradle", ".terraform", ".next", ".nuxt", ".parcel-cache", ".nyc_output", "htmlcov",
})  # fmt: skip
_NAMES = frozenset({
    ".env", ".netrc", ".pgpass", ".htpasswd", ".git-credentials", ".coverage", ".ds_store", "thumbs.db", "id_rsa",
    "id_dsa", "id_ecdsa", "id_ed25519", "npm-debug.log", "yarn-error.log",
})  # fmt: skip
_ENV = re.compile(r"\.env\.(?!(?:.*\.)?(?:example|sample|template|dist|defaults?|schema|test|ci)$).+")
"""`.env.local` and `.env.production` hold secrets; `.env.example` tells which there are."""
_ENDS = (".pem", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".pyc", ".pyo", ".class", ".swp", ".tfstate")
_BUILT = re.compile(r"(?:^|/)(?:target/(?:debug|release)|build/(?:lib|bdist)[^/]*|[^/]+\.egg-info)/|"
                    r"(?:^|/)dist/[^/]+\.(?:whl|tar\.gz)$")  # fmt: skip


def forbidden(path: str) -> str | None:
    """What kind of thing a new file at `path` (folded) is, if nobody commits such things, else None."""
    *folders, name = path.split("/")
    if name in _NAMES or _ENV.fullmatch(name):
        return (
            "kept on one machine only" if name not in {".coverage", ".ds_store", "thumbs.db"} else "left by a program"
        )
    if name.endswith(_ENDS):
        return "a key" if name.endswith(_ENDS[:7]) else "left by a program"
    found = next((folder for folder in folders if folder in _FOLDERS), None)
    if found is not None:
        return f"in `{found}`"
    return "built" if _BUILT.search(path) or basename(path) == "core.dump" else None
