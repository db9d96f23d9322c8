"""What is kept of setups on a worker's disk, when it counts, and when it goes."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ShiftedClock
from jobs.setup.look import Seen, key
from jobs.setup.shelf import Note, Place, Shelf
from jobs.sweep.setups import DAY_S, UNUSED_S, over, tidy_setups
from tests.layouts.test_detect import found

KEY = "0" * 32
TREE = "1" * 40


def finished(place: Place, *, size: int = 10) -> Place:
    place.begin()
    (place.tree / "file").write_bytes(b"x" * size)
    place.finish(Note(("node_modules",)))
    return place


def test_what_is_not_finished_does_not_count(tmp_path: Path) -> None:
    place = Shelf(tmp_path).shared(1, KEY)
    place.begin()
    assert place.note() is None
    finished(place)
    assert place.note() == Note(("node_modules",), bytes=10)
    assert not place.home.exists()
    place.begin()
    assert place.note() is None
    assert list(place.tree.iterdir()) == []


def test_a_note_inside_the_environment_counts_for_nothing(tmp_path: Path) -> None:
    place = Shelf(tmp_path).shared(1, KEY)
    place.begin()
    (place.folder / f"{KEY}.json").write_text("{}")
    assert place.note() is None


def test_a_note_without_its_environment_counts_for_nothing(tmp_path: Path) -> None:
    place = finished(Shelf(tmp_path).shared(1, KEY))
    place.folder.rename(tmp_path / "elsewhere")
    assert place.note() is None


@pytest.mark.parametrize("name", ["", "..", "a/b", "../../x", ".hidden"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        Shelf(tmp_path).shared(1, name)
    with pytest.raises(ValueError, match="plain"):
        Shelf(tmp_path).private(1, name, KEY, TREE)


def test_what_a_task_has_for_itself_serves_one_state_of_its_files(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    one, other = (shelf.private(1, "1-1", KEY, tree) for tree in (TREE, "2" * 40))
    one.begin()
    (one.downloads / "planted").write_text("x")
    one.finish(Note())
    assert other.note() is None
    assert not one.downloads.exists()
    other.begin()
    assert list(other.downloads.iterdir()) == []
    assert one.note() is not None
    shared = shelf.shared(1, KEY)
    shared.begin()
    (shared.downloads / "kept").write_text("x")
    shared.finish(Note())
    assert list(shelf.shared(1, "3" * 32).downloads.iterdir()) == [shared.downloads / "kept"]
    assert {place.folder for _, place in shelf.places()} == {one.folder, other.folder, shared.folder}


async def test_only_one_builds(tmp_path: Path) -> None:
    order = []

    async def build(shelf: Shelf, name: str) -> None:
        async with shelf.alone(shelf.shared(1, KEY)):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    shared = Shelf(tmp_path)
    await asyncio.gather(*(build(shelf, str(n)) for n, shelf in enumerate([shared, shared, Shelf(tmp_path)])))
    assert [one.split()[1] for one in order] == ["in", "out"] * 3


def aged(place: Place, seconds: float, now_s: float) -> Place:
    os.utime(place._note, (now_s - seconds, now_s - seconds))
    return place


def test_the_oldest_go_first_and_none_that_was_used_today(tmp_path: Path) -> None:
    shelf, now_s = Shelf(tmp_path), 1_000_000_000.0
    ages = {"old": UNUSED_S + 1, "older": 3 * DAY_S, "young": 2 * DAY_S, "today": 60.0}
    places = {
        n: aged(finished(shelf.shared(1, f"{i:032}"), size=100), s, now_s) for i, (n, s) in enumerate(ages.items())
    }
    everything = list(places.values())

    def gone(most: int) -> list[str]:
        chosen = over(everything, now_s, most=most)
        return [name for name, place in places.items() if place in chosen]

    assert gone(10_000) == ["old"]
    assert gone(200) == ["old", "older"]
    assert gone(0) == ["old", "older", "young"]


async def test_what_ended_tasks_had_and_what_nobody_uses_goes(tmp_path: Path, clock: ShiftedClock) -> None:
    shelf = Shelf(tmp_path)
    kept, gone = finished(shelf.private(1, "1-1", KEY, TREE)), finished(shelf.private(1, "1-2", KEY, TREE))
    shared = finished(shelf.shared(1, KEY))

    async def may_go(task_id: str) -> bool:
        return task_id == "1-2"

    assert await tidy_setups(tmp_path, clock, may_go) == 1
    assert [place.note() is not None for place in (kept, gone, shared)] == [True, False, True]
    clock.advance(seconds=timedelta(days=15).total_seconds())
    assert await tidy_setups(tmp_path, clock, may_go) >= 2
    assert shared.note() is None
    assert not shared.folder.exists()


def test_the_name_of_an_environment_follows_from_all_that_it_is_made_of() -> None:
    names = {
        key(*one)
        for one in [
            (["a"], [("f", "1")], ["go"]), (["b"], [("f", "1")], ["go"]), (["a"], [("f", "2")], ["go"]),
            (["a"], [("g", "1")], ["go"]), (["a"], [("f", "1")], ["go2"]), (["a", ""], [("f", "1")], ["go"]),
            (["a"], [], ["go"]),
        ]
    }  # fmt: skip
    assert len(names) == 7
    assert key(["a"], [("\udcff", "1")], []) != key(["a"], [], [])


def test_inputs_are_manifests_lock_files_and_what_commands_name() -> None:
    files = {"web/package.json": "{}", "web/package-lock.json": "", "web/get.sh": "", "tools.txt": "", "README": ""}
    seen = Seen("c", found(files), dict.fromkeys(files, "blob"))
    asked = seen.inputs(["cd web && ./get.sh --from=tools.txt", "unbalanced ' README"])
    assert [path for path, _ in asked] == [
        "README", "tools.txt", "web/get.sh", "web/package-lock.json", "web/package.json"
    ]  # fmt: skip
