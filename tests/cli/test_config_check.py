"""`pdev config check FILE`, as people type it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from core.errors import UserError

RUNNER = CliRunner()


def test_every_problem_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "pdev.yml"
    file.write_text("review:\n  mode: stric\nmax_agents: 99\n[red]: 1\n")
    done = RUNNER.invoke(app, ["config", "check", str(file)])
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{file}:2:9", f"{file}:3:13", f"{file}:4:1"]
    assert "Did you mean `strict`?" in lines[0]


def test_fine_with_what_is_in_force(tmp_path: Path) -> None:
    file = tmp_path / "pdev.yml"
    file.write_text("profile: ci\nverify: ['[red]make']\n")
    done = RUNNER.invoke(app, ["config", "check", str(file)])
    assert done.exit_code == 0
    rows = {parts[1].strip(): [part.strip() for part in parts[2:4]] for line in done.stdout.splitlines()
            if len(parts := line.split("│")) == 5}  # fmt: skip
    assert rows["profile"] == ["ci", ".github/pdev.yml"]
    assert rows["max_agents"] == ["3", "profile ci"]
    assert rows["verify"] == ["[red]make", ".github/pdev.yml"]
    assert rows["merge"] == ["never", "default"]


@pytest.mark.parametrize("made", ["nothing", "folder", "bytes"])
def test_what_cannot_be_read_names_the_next_step(tmp_path: Path, made: str) -> None:
    file = tmp_path / "pdev.yml"
    if made == "folder":
        file.mkdir()
    elif made == "bytes":
        file.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="Give the path of a text file"):
        RUNNER.invoke(app, ["config", "check", str(file)], catch_exceptions=False)
