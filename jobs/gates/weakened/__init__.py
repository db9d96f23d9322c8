"""Whether a change weakens the tests: deletes them, switches them off, or takes out what they assert.

An agent that cannot make a test pass can make it go away, and everything is green. So old and new tests are compared,
over the whole change: what moved to another file or got another name is no weakening. Precision goes before
completeness, because each finding costs a round; what is missed here is still in the diff that the reviewer reads.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from core.messages import gates as words
from core.tasks import Note
from jobs.gates.weakened.languages import language_of
from jobs.gates.weakened.pairing import Kept, Missing, Pair, paired
from jobs.gates.weakened.reading import Facts, Mark, read
from jobs.gates.weakened.settings import decides, loosened

_NAME = re.compile(r"\w+")
MOST_TEXT = 512 << 10
"""Characters of a file that are read; nobody writes longer tests by hand."""


@dataclass(frozen=True, slots=True)
class Version:
    """A changed file before and after; None where it does not exist."""

    path: str
    old: str | None
    new: str | None
    unread: bool = False
    """It was there before, short enough, and could not be read now."""


def weighed(path: str) -> bool:
    """Whether a change of this file can weaken tests."""
    return language_of(path) is not None or decides(path)


def weakened(files: Iterable[Version]) -> tuple[Note, ...]:
    """What the change takes from the tests, file by file; empty when nothing."""
    files = [file for file in files if weighed(file.path)]
    versions = [file for file in files if not file.unread and max(_length(file.old), _length(file.new)) <= MOST_TEXT]
    pairs = [pair for file in versions if (pair := _pair(file))]
    kept, missing = paired(pairs)
    return (
        *(Note(words.too_long_to_compare(), file.path) for file in files if _has_outgrown(file)),
        *_gone(missing),
        *_marked(pairs, {test.path for test in kept}),
        *_silenced(pairs, kept),
        *(note for file in versions for note in loosened(file.path, file.old, file.new)),
    )


def _has_outgrown(file: Version) -> bool:
    """Padding must hide nothing; what was as long before is left to the reviewer."""
    return file.unread or (file.old is not None and len(file.old) <= MOST_TEXT < _length(file.new))


def _length(text: str | None) -> int:
    return len(text or "")


def _pair(file: Version) -> Pair | None:
    language = language_of(file.path)
    if language is None:
        return None
    old, new = (read(text, language) if text else Facts() for text in (file.old, file.new))
    is_collected = bool(language.collected.search(file.path))
    return Pair(file.path, old, new, is_new=file.old is None, is_gone=file.new is None, is_collected=is_collected)


def _gone(missing: Iterable[Missing]) -> Iterable[Note]:
    for one in missing:
        said = words.tests_gone(one.names, one.number, is_file=one.pair.is_gone)
        yield Note(said, one.pair.path, 0 if one.pair.is_gone else 1)


def _marked(pairs: Sequence[Pair], kept: Collection[str]) -> Iterable[Note]:
    """Tests switched off, and asserts that assert nothing, that were not there before; `kept`: where old tests are."""
    conditional = [pair for pair in pairs if not pair.is_new or pair.path in kept]  # new tests may have conditions
    yield from _new_marks([(p, p.old.off, p.new.off) for p in pairs], words.switched_off)
    yield from _new_marks([(p, p.old.maybe, p.new.maybe) for p in conditional], words.switched_off)
    yield from _new_marks([(p, p.old.trivial, p.new.trivial) for p in pairs], words.asserts_nothing)


def _new_marks(found: Sequence[tuple[Pair, Sequence[Mark], Sequence[Mark]]], say: words.OfLine) -> Iterable[Note]:
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


def _silenced(pairs: Sequence[Pair], kept: Iterable[Kept]) -> Iterable[Note]:
    """Tests that lost more asserts than they got; those that stand somewhere else now have moved."""
    before_all = sum((Counter(pair.old.asserts) for pair in pairs), Counter[str]())
    gone = before_all - sum((Counter(pair.new.asserts) for pair in pairs), Counter[str]())
    for test in kept:
        before, after = Counter(test.before.asserts), Counter(test.after.asserts)
        missing, got = (before - after) & gone, after - before
        number = missing.total() - got.total()
        if number > 0 and not _say_as_much(got, missing):
            yield Note(words.asserts_gone(test.after.name, number, left=after.total()), test.path, test.after.line)


def _say_as_much(new: Iterable[str], old: Iterable[str]) -> bool:
    """Whether fewer asserts name all that the old ones named: `(a, b) == (1, 2)` for two."""
    names = {name for line in new for name in _NAME.findall(line)}
    return all(name in names for line in old for name in _NAME.findall(line))


__all__ = ["MOST_TEXT", "Version", "weakened", "weighed"]
