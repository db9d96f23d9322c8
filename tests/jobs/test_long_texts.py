"""What agents and their commands write is looked at by patterns; none of them may follow every beginning to the end.

A pattern holds the interpreter while it works, so one that is slow for some text stops the whole worker. Each text here
is made of a pattern's own beginnings. The mark is generous: a pattern that is not linear takes minutes or hours.
"""

import pytest

from core.redaction import Redactor
from jobs.gates.commands import _verdict
from jobs.gates.output import failing, places
from jobs.gates.secrets import leaks
from jobs.gates.weakened import Version, weakened
from jobs.gates.weakened.languages import language_of
from jobs.gates.weakened.reading import MOST_ASSERTS, read

pytestmark = pytest.mark.timeout(40)
LONG = 1 << 20
SHOWN = 240 << 10
"""Bytes of a command's output that are kept before they are cleaned."""
READ = (512 << 10) - 1_000


def full(piece: str, length: int, end: str = "") -> str:
    return piece * (length // len(piece)) + end


@pytest.mark.parametrize(
    "piece",
    [
        "A: -----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----", "-----BEGIN A A A A A ", "A: ", "\\n",
        "ghp_", "github_pat_", "sk-", "AKIA", "AIza", "xoxb-", "rk_live_", "glpat-", "npm_", "pypi-", "\n", " ",
        "-----BEGIN PRIVATE KEY-----\n" + "Proc-Type: 4\n" * 20,
    ],
)  # fmt: skip
def test_secrets(piece: str) -> None:
    assert len(leaks(full(piece, LONG).encode())) <= 1


def test_many_secrets() -> None:
    keys = b"".join(b"AKIA%016d\n" % (1234567890123456 + 7919 * n) for n in range(50_000))
    found = leaks(keys)
    assert [leak.line for leak in found] == list(range(1, 50_001))


@pytest.mark.parametrize(
    ("begin", "piece", "end"),
    [
        ("FAILED ", "::", " x"), ("ERROR ", "a::", " x"), ("", "FAILED ", ""), ("", "\n", "x"), ("", " ", "x"),
        ("--- FAIL: ", "x", " y"), ("test ", "a ", ""), ("not ok 1 ", "1 ", "x"), ("✕ ", " 1", "x"),
        ("x", "\n", "y"), ('error Command "', "a", ""), ("a.b:1", " ", "\n"), ("", "a.", ""), ("", "a.b:1:", ""),
        ("", "\t", "\n"),
        ("", "eyJ-", ""), ("", "-----BEGIN ", ""), ("", "eyJaaaaaa.", ""), ("", "authorization: ", ""),
        ("", "a://", ""),
    ],
)  # fmt: skip
def test_outputs(begin: str, piece: str, end: str) -> None:
    text = begin + full(piece, SHOWN, end)
    assert len(failing(text)) <= 1
    assert places(text, ["no.py"]) == ()
    assert _verdict("make test", 1, text) == "failed"
    Redactor()(text)


@pytest.mark.parametrize(
    ("path", "piece"),
    [
        ("a.rs", "#[test]"), ("a.rs", "#[test "), ("a.rs", "#[test]pub("), ("a.rs", "#[test]\n"), ("a.rs", "#[a::"),
        ("a.rs", "#[cfg_attr("), ("a.rs", 'r#"'), ("a_test.go", "func "), ("a_test.go", "assert.Equal(t,"),
        ("a.test.js", ",/["), ("a.test.js", ",/[" * 20 + "]["), ("a.test.js", "=/a"), ("a.test.js", "expect( "),
        ("a.test.js", "it "), ("a.test.js", "it.a"), ("a.test.js", "it(`"),
        ("tests/test_a.py", "assert\n"), ("tests/test_a.py", "assert x or "), ("tests/test_a.py", "self.assertEqual("),
        ("tests/test_a.py", "def test_a("), ("tests/test_a.py", "mark.skip "), ("Makefile", "; "),
        ("pytest.ini", "-k "),
    ],
)  # fmt: skip
def test_tests(path: str, piece: str) -> None:
    weakened([Version(path, "", full(piece, READ))])


@pytest.mark.parametrize(
    ("path", "test", "asserting"),
    [
        ("tests/test_a.py", "def test_{}(\n", "assert x\n"), ("a.test.js", "it('a{}',\n", "expect(1)\n"),
        ("a_test.go", "func Test{}(t) {{\n", "t.Error()\n"), ("a.rs", "#[test] fn a{}() {{\n", "panic!()\n"),
    ],
)  # fmt: skip
def test_tests_without_an_end_do_not_share_what_follows(path: str, test: str, asserting: str) -> None:
    """Each of thousands of tests held a copy of all that follows: 100 KB of text became 700 MB."""
    language = language_of(path)
    assert language
    text = "".join(test.format(n) for n in range(2_000)) + asserting * 3_000
    facts = read(text, language)
    assert len(facts.tests) == 2_000
    assert sum(len(one.asserts) for one in facts.tests) <= MOST_ASSERTS
    assert len({id(row) for one in facts.tests for row in one.asserts}) <= MOST_ASSERTS


def test_tests_inside_of_each_other_are_bounded() -> None:
    language = language_of("a.test.js")
    assert language
    text = "it('a',\n" * 2_000 + "expect(1)\n" * 3_000 + ")" * 2_000
    facts = read(text, language)
    assert max(len(one.asserts) for one in facts.tests) == MOST_ASSERTS
    assert len({id(row) for one in facts.tests for row in one.asserts}) <= MOST_ASSERTS
