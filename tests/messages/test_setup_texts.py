"""What people read when a repository is made ready, or is not."""

from core.messages import setup
from tests.golden import golden


def test_what_is_said_about_setup() -> None:
    said = {
        "failed": setup.failed("npm ci", 1, "npm ERR! 404\n```\n@team look", ("evil.example",)),
        "silent": setup.failed("make deps", 2, "", ()),
        "too slow": setup.too_slow("pip install .", 15, "Building wheels …", ()),
        "flooded": setup.flooded("make deps", "yes\nyes"),
        "not started": setup.not_started("bwrap: no `user` namespaces"),
        "disk": setup.disk("No space left on device"),
        "hosts": setup.not_hosts(("http://a.org/x",)),
        "many hosts": setup.refusals(tuple(f"h{n}.example" for n in range(9))),
        "own environment": setup.own_environment(("package.json", "package-lock.json")),
        "own environment failed": setup.own_environment_failed(setup.failed("npm ci", 1, "gone", ())),
        "missing programs": setup.missing_programs(("go", "cargo")),
        "other projects": setup.other_roots("", tuple(f"p{n}" for n in range(7))),
        "submodules": setup.modules_left_out(("libs/a",)),
        "submodules failed": setup.modules_failed(("libs/a", "libs/b")),
        "no git-lfs": setup.no_lfs(3),
        "large files": setup.large_failed("the server said 404"),
        "large files left out": setup.large_left_out(1, 3),
        "nothing found": setup.NOTHING_FOUND,
    }  # fmt: skip
    golden("messages/setup", "".join(f"## {name}\n\n{text}\n\n" for name, text in said.items()))
