"""Whether a change weakens the tests: deletes them, switches them off, or takes out what they assert.

An agent that cannot make a test pass can make it go away, and everything is green. So old and new tests are compared,
over the whole change: what moved to another file or got another name is no weakening. Precision goes before
completeness, because each finding costs a round; what is missed here is still in the diff that the reviewer reads.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.messages import gates as words
from core.tasks import Note
from jobs.gates.weakened.languages import language_of
from jobs.gates.weakened.reading import Facts, Mark, Test, read
from jobs.gates.weakened.settings import loosened

MOST_TEXT = 512 << 10
"""Characters of a file that are read; nobody writes longer tests by hand."""


@dataclass(frozen=True, slots=True)
class Version:
    """A changed file before and after; None where it does not exist."""

    path: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class _Pair:
    path: str
    old: Facts
    new: Facts
    is_new: bool
    is_gone: bool


def weakened(files: Iterable[Version]) -> tuple[Note, ...]:
    """What the change takes from the tests, file by file; empty when nothing."""
    versions = [file for file in files if max(len(file.old or ""), len(file.new or "")) <= MOST_TEXT]
    pairs = [pair for file in versions if (pair := _pair(file))]
    return (
        *_gone(pairs),
        *_marked(pairs),
        *_silenced(pairs),
        *(note for file in versions for note in loosened(file.path, file.old, file.new)),
    )


def _pair(file: Version) -> _Pair | None:
    language = language_of(file.path)
    if language is None:
        return None
    old, new = (read(text, language) if text else Facts() for text in (file.old, file.new))
    return _Pair(file.path, old, new, is_new=file.old is None, is_gone=file.new is None)


def _gone(pairs: Sequence[_Pair]) -> Iterable[Note]:
    """Tests that are nowhere any more. As many as came in the same file, or in new files, may be the same renamed."""
    left, came = _moves(pairs)
    spare = sum(len(names) for pair, names in zip(pairs, came, strict=True) if pair.is_new)
    for pair, names, others in zip(pairs, left, came, strict=True):
        missing = len(names) - (0 if pair.is_new else len(others))
        if missing <= 0:
            continue
        used = min(spare, missing)
        spare -= used
        if missing > used:
            yield Note(
                words.tests_gone(names, missing - used, is_file=pair.is_gone), pair.path, 0 if pair.is_gone else 1
            )


def _moves(pairs: Sequence[_Pair]) -> tuple[list[list[str]], list[list[str]]]:
    """Per file, the names that it lost and those that it got, without those that only moved between files."""
    old = [Counter(test.name for test in pair.old.tests) for pair in pairs]
    new = [Counter(test.name for test in pair.new.tests) for pair in pairs]
    lost = [before - after for before, after in zip(old, new, strict=True)]
    got = [after - before for before, after in zip(old, new, strict=True)]
    moved = sum(lost, Counter[str]()) & sum(got, Counter[str]())
    return _without(lost, moved), _without(got, moved)


def _without(counts: Sequence[Counter[str]], moved: Counter[str]) -> list[list[str]]:
    left, rest = [], Counter(moved)
    for count in counts:
        taken = count & rest
        rest -= taken
        left.append(list((count - taken).elements()))
    return left


def _marked(pairs: Sequence[_Pair]) -> Iterable[Note]:
    """Tests switched off, and asserts that assert nothing, that were not there before."""
    conditional = [pair for pair in pairs if not pair.is_new]  # a new test may have its conditions
    yield from _new_marks([(p, p.old.off, p.new.off) for p in pairs], words.switched_off)
    yield from _new_marks([(p, p.old.maybe, p.new.maybe) for p in conditional], words.switched_off)
    yield from _new_marks([(p, p.old.trivial, p.new.trivial) for p in pairs], words.asserts_nothing)


def _new_marks(found: Sequence[tuple[_Pair, Sequence[Mark], Sequence[Mark]]], say: words.OfLine) -> Iterable[Note]:
    """Marks that are more than before in their file and in the whole change."""
    spare = sum(max(0, len(old) - len(new)) for _, old, new in found)
    for pair, old, new in found:
        more = len(new) - len(old)
        before = Counter(mark.text for mark in old)
        for mark in new:
            if more <= 0:
                break
            if before[mark.text]:
                before[mark.text] -= 1
                continue
            more -= 1
            if spare:
                spare -= 1
            else:
                yield Note(say(mark.text), pair.path, mark.line)


def _silenced(pairs: Sequence[_Pair]) -> Iterable[Note]:
    """Tests that lost asserts and got none; those that stand somewhere else now have moved."""
    before_all = sum((Counter(pair.old.asserts) for pair in pairs), Counter[str]())
    gone = before_all - sum((Counter(pair.new.asserts) for pair in pairs), Counter[str]())
    for pair in pairs:
        for before, after in _same(pair):
            missing = (Counter(before.asserts) - Counter(after.asserts)) & gone
            if missing and not Counter(after.asserts) - Counter(before.asserts):
                said = words.asserts_gone(after.name, missing.total(), left=len(after.asserts))
                yield Note(said, pair.path, after.line)


def _same(pair: _Pair) -> Iterable[tuple[Test, Test]]:
    """Tests that are in both versions; of several with one name, in their order."""
    waiting: dict[str, list[Test]] = {}
    for test in reversed(pair.new.tests):
        waiting.setdefault(test.name, []).append(test)
    for test in pair.old.tests:
        if later := waiting.get(test.name):
            yield test, later.pop()


__all__ = ["Version", "weakened"]
