"""Go and Rust: one tool each does everything, so there is little to find out."""

from core.messages.words import listed
from jobs.layouts.layout import Folder, Part

GO = ("go.mod",)
RUST = ("Cargo.toml",)
READ = (*GO, *RUST)
_GO_HOSTS = ("proxy.golang.org", "sum.golang.org")
_RUST_HOSTS = ("index.crates.io", "static.crates.io", "crates.io")


def go(folder: Folder) -> Part | None:
    """The Go module of this folder, if there is one."""
    if not folder.has(*GO):
        return None
    vendored = bool(folder.has("vendor/modules.txt"))
    return Part(
        "go", f"Go with {listed(folder.has('go.mod', 'go.sum', 'vendor/modules.txt'))}",
        () if vendored else ("go mod download",), ("go vet ./...", "go test ./..."),
        keys=folder.has("go.mod", "go.sum", "go.work", "go.work.sum", "vendor/modules.txt"),
        needs=("go",), hosts=_GO_HOSTS,
    )  # fmt: skip


def rust(folder: Folder) -> Part | None:
    """The Cargo package or workspace of this folder, if there is one."""
    if not folder.has(*RUST):
        return None
    lock = folder.has("Cargo.lock")
    members = tuple(sorted(path for path in folder.paths if path.endswith("/Cargo.toml")))[:200]
    return Part(
        "rust", f"Rust with {listed(('Cargo.toml', *lock))}",
        ("cargo fetch --locked" if lock else "cargo fetch",), ("cargo test",),
        keys=(*folder.has("Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"), *members),
        needs=("cargo", "rustc"), hosts=_RUST_HOSTS,
    )  # fmt: skip


def has_workspace(folder: Folder) -> bool:
    """Whether it also covers the crates below it."""
    return "workspace" in folder.toml("Cargo.toml")
