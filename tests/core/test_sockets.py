"""Sockets of folders with long names: short, private, found again, and gone when nobody needs them."""

import os
import socket
import stat
from pathlib import Path

import pytest

from core.errors import OperatorError
from core.sockets import LONGEST, forget_socket, socket_path


@pytest.fixture
def long(tmp_path: Path) -> Path:
    return tmp_path.joinpath(*["a-rather-long-name"] * 6) / "a.sock"


def test_a_short_path_stays() -> None:
    short = Path("/tmp/a.sock")
    assert socket_path(short) == short


def test_a_long_one_gets_a_short_private_place_that_is_found_again(long: Path) -> None:
    path = socket_path(long)
    try:
        assert len(os.fsencode(path)) <= LONGEST
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
        assert socket_path(long) == path
        assert socket_path(long.with_name("b.sock")) != path
    finally:
        forget_socket(long)
        forget_socket(long.with_name("b.sock"))
    assert not path.parent.exists()


def test_the_place_of_somebody_else_is_not_used(long: Path) -> None:
    place = socket_path(long).parent
    place.chmod(0o777)
    with pytest.raises(OperatorError, match="belongs to somebody else"):
        socket_path(long)
    place.rmdir()


def test_what_a_folder_holds_besides_the_socket_stays(long: Path) -> None:
    kept = socket_path(long).parent / "kept"
    kept.touch()
    forget_socket(long)
    assert kept.exists()
    kept.unlink()
    forget_socket(long)
    assert not kept.parent.exists()
