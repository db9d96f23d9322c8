"""The read-only part of the host that programs need: an allow-list, so that everything else does not exist.

Binding the whole root read-only would show every readable secret of the host. What an agent needs is `/usr`, a few
files of `/etc`, and the Python that runs us, which may live anywhere (a version manager, `/opt`, a tool's own folder).
"""

import sys
from dataclasses import dataclass
from pathlib import Path

_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Never all of /etc/ssl: it holds private keys.
_ETC = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "mime.types",
    "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/tls/certs", "pki/ca-trust/extracted",
)  # fmt: skip
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"

# Instead of the host's own lists of users and hosts.
ETC_FILES = {
    "passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\nagent:x:1000:1000:agent:/home/agent:/bin/sh\n",
    "group": "root:x:0:\nagent:x:1000:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


@dataclass(frozen=True, slots=True)
class Runtime:
    """`python` is the interpreter agents may use; `roots` are further folders to show, at their own paths; `path` are
    folders of further programs, behind the system's."""

    python: Path
    roots: tuple[Path, ...] = ()
    path: tuple[Path, ...] = ()

    @property
    def search_path(self) -> str:
        """PATH inside: our Python first, then the system's programs."""
        own = str(self.python.parent)
        first = () if own in SYSTEM_PATH.split(":") else (own,)
        return ":".join((*first, SYSTEM_PATH, *map(str, self.path)))


def this_python() -> Runtime:
    """The interpreter that runs us, without its virtual environment."""
    base = Path(sys.base_prefix).resolve()
    python = base / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not python.exists():
        python = Path(sys.executable).resolve()
    return Runtime(python, () if base.is_relative_to("/usr") else (base,))


def system_binds() -> list[str]:
    """The bubblewrap arguments that show the system's programs and libraries."""
    words = ["--ro-bind", "/usr", "/usr"]
    for name in _LINKED:
        folder = Path("/", name)
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            words += ["--ro-bind", str(folder), str(folder)]
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words
