"""Which test became which: the same name in the same file, the same name in another file, or a new name. Pure.

A test that only moved is no loss. But whatever is taken for a move hides a deletion, so a move counts only to where
tests are collected, and a new name only where the new tests have as many asserts as those that went.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.gates.weakened.reading import Facts, Test


@dataclass(frozen=True, slots=True)
class Pair:
    """The tests of a changed file before and after. `is_collected`: test runners look into a file of this name."""

    path: str
    old: Facts
    new: Facts
    is_new: bool
    is_gone: bool
    is_collected: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """A test that has its name still; `path` is where it stands now."""

    path: str
    before: Test
    after: Test


@dataclass(frozen=True, slots=True)
class Missing:
    """Of the tests `names` that are not in their file any more, `number` have no new name either."""

    pair: Pair
    names: tuple[str, ...]
    number: int


@dataclass(slots=True)
class _Room:
    """New tests that may be old ones with another name; one that was split counts as well."""

    tests: int = 0
    asserts: int = 0

    def put(self, test: Test) -> None:
        self.tests += 1
        self.asserts += len(test.asserts)

    def takes(self, test: Test) -> bool:
        if not self.tests or self.asserts < len(test.asserts):
            return False
        self.tests -= 1
        self.asserts -= len(test.asserts)
        return True


def paired(pairs: Sequence[Pair]) -> tuple[list[Kept], list[Missing]]:
    """What is still there, and what is not, over the whole change."""
    kept: list[Kept] = []
    lost, came = [], []
    for pair in pairs:
        both, left, new = _by_name(pair.old.tests, pair.new.tests)
        kept += [Kept(pair.path, before, after) for before, after in both]
        lost.append(left)
        came.append(new)
    kept += _moved(pairs, lost, came)
    return kept, _missing(pairs, lost, came)


def _by_name(old: Sequence[Test], new: Sequence[Test]) -> tuple[list[tuple[Test, Test]], list[Test], list[Test]]:
    """Both versions of each test, and the tests of one version only; of several with one name, in their order."""
    waiting: dict[str, list[Test]] = {}
    for test in reversed(new):
        waiting.setdefault(test.name, []).append(test)
    both, left = [], []
    for test in old:
        if later := waiting.get(test.name):
            both.append((test, later.pop()))
        else:
            left.append(test)
    return both, left, [test for later in waiting.values() for test in reversed(later)]


def _moved(pairs: Sequence[Pair], lost: list[list[Test]], came: list[list[Test]]) -> list[Kept]:
    """Tests that stand in another file now; they leave `lost` and `came`."""
    waiting: dict[tuple[str, bool], list[tuple[int, Test]]] = {}
    for n, tests in enumerate(came):
        for test in reversed(tests):
            waiting.setdefault((test.name, pairs[n].is_collected), []).append((n, test))
    kept, taken = [], set()
    for n, tests in enumerate(lost):
        left = []
        for test in tests:
            there = waiting.get((test.name, True)) or (
                None if pairs[n].is_collected else waiting.get((test.name, False))
            )
            if there:
                where, after = there.pop()
                kept.append(Kept(pairs[where].path, test, after))
                taken.add(id(after))
            else:
                left.append(test)
        lost[n] = left
    came[:] = [[test for test in tests if id(test) not in taken] for tests in came]
    return kept


def _missing(pairs: Sequence[Pair], lost: Sequence[list[Test]], came: Sequence[list[Test]]) -> list[Missing]:
    """Tests that are nowhere. New ones in the same file, or in new files, may be the same renamed."""
    elsewhere = {True: _Room(), False: _Room()}
    for pair, tests in zip(pairs, came, strict=True):
        for test in tests if pair.is_new else ():
            elsewhere[pair.is_collected].put(test)
    found = []
    for pair, left, tests in zip(pairs, lost, came, strict=True):
        here = _Room()
        for test in tests:
            here.put(test)
        rooms = [here, elsewhere[True], *(() if pair.is_collected else (elsewhere[False],))]
        ordered = sorted(left, key=lambda test: len(test.asserts))
        number = sum(not any(room.takes(test) for room in rooms) for test in ordered)
        if number:
            found.append(Missing(pair, tuple(test.name for test in left), number))
    return found
