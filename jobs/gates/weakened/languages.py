"""How tests look in each language: where one begins, what asserts, what switches it off, what asserts nothing.

Patterns are matched on text whose comments and strings are blanked, so that a word in a docstring counts for nothing.
They know the usual test tools; what they do not know they do not report. Repetitions are bounded wherever a text could
begin a match anew at every place and follow each to its end.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

_M = re.MULTILINE


@dataclass(frozen=True, slots=True)
class Language:
    """`blank` finds comments and strings. `test` has the group `name`, or the name is the first string behind it.

    `body`: how far a test goes. `off` marks switch tests off; `maybe` ones do so on a condition.
    """

    blank: re.Pattern[str]
    files: re.Pattern[str]
    test: re.Pattern[str]
    asserts: re.Pattern[str]
    off: re.Pattern[str]
    maybe: re.Pattern[str]
    trivial: re.Pattern[str]
    body: Literal["indented", "braces", "parentheses"]
    collected: re.Pattern[str] = re.compile("")
    """Files whose tests are found without being named, as far as names tell."""


_NEVER = re.compile(r"(?!)")
_SLASHES = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_DOUBLE = r'"(?:\\.|[^"\\\n])*"?'
_REGEX = r"(?:\\.|[^/\\\[\n]){0,150}"
_SINGLE = r"'(?:\\.|[^'\\\n])*'?"

PYTHON = Language(
    blank=re.compile(r"#[^\n]*|\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)|" + f"{_DOUBLE}|{_SINGLE}", re.DOTALL),
    files=re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_tests?|tests?|conftest)\.py$|(?:^|/)tests?/(?:.*/)?[^/]+\.py$"),
    test=re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(?P<name>test\w*)[ \t]*\(", _M),
    asserts=re.compile(
        r"^[ \t]*assert\b|\bself\.(?:assert|fail)\w*\s*\(|\bpytest\.(?:raises|warns|fail)\b|\.assert_\w+\s*\(|"
        r"\bassert_\w+\s*\(", _M,
    ),
    off=re.compile(
        r"\bmark\.(?:skip|xfail)\b|\bunittest\.(?:skip|expectedFailure)\b|^[ \t]*@(?:skip|expectedFailure)\b|"
        r"\bpytest\.(?:skip|xfail)\s*\(|\bself\.skipTest\s*\(|\b__test__\s*=\s*False\b|\bcollect_ignore(?:_glob)?\b",
        _M,
    ),
    maybe=re.compile(r"\bmark\.skipif\b|\bskip(?:If|Unless)\s*\(|\bimportorskip\s*\("),
    trivial=re.compile(
        r"^[ \t]*assert\s+(?:True|1|not\s+False|1\s*==\s*1|True\s+is\s+True|\(\s*True\s*\))[ \t]*(?:,|$)|"
        r"^[ \t]*assert\b[^\n]*\bor\s+(?:True|1)[ \t]*(?:,|$)|"
        r"\bself\.assertTrue\(\s*True\b|\bself\.assertFalse\(\s*False\b|\bself\.assertEqual\(\s*(\d+|True)\s*,\s*\1\s*\)",
        _M,
    ),
    body="indented",
    # pytest's and unittest's patterns; a helper or conftest beside the tests is none.
    collected=re.compile(r"(?:^|/)(?:test[^/]*|[^/]*_tests?)\.py$"),
)  # fmt: skip

JAVASCRIPT = Language(
    blank=re.compile(
        rf"{_SLASHES}|{_DOUBLE}|{_SINGLE}|`(?:\\.|[^`\\])*`?|"
        # A regular expression may hold a quote; it stands where a value begins.
        r"(?<=[(,=:\[!&|?{};\n])[ \t]{0,40}/(?![/*])"
        rf"{_REGEX}(?:\[(?:\\.|[^\]\\\n]){{0,40}}\]{_REGEX}){{0,4}}/", re.DOTALL,
    ),
    files=re.compile(r"\.(?:test|spec|cy|e2e)\.[cm]?[jt]sx?$|(?:^|/)(?:__tests__|tests?|spec)/(?:.*/)?[^/]+\.[cm]?[jt]sx?$"),
    test=re.compile(r"(?<![\w.$])(?:[xf]?(?:it|test|specify)|Deno\.test)(?:\.\w+)*(?:\s*`[^`]*`)?\s*\("),
    asserts=re.compile(
        r"\bexpect(?:\.\w+)?\s*\(|\bassert(?:\.\w+)*\s*\(|\.should\b|"
        r"\bt\.(?:is|not|ok|notOk|equal|same|deepEqual|like|true|false|truthy|falsy|throws|regex|snapshot|match)\w*\s*\("
    ),
    off=re.compile(
        r"(?<![\w$])(?:it|test|describe|context|suite|specify)\.(?:skip|only|todo|fixme|fails?|failing)\b|"
        r"(?<![\w.$])[xf](?:it|test|describe|context|specify)\s*\(|\bthis\.skip\s*\(|"
        r"\bt\.(?:skip|todo)\s*\(|\bskip\s*:\s*true\b"
    ),
    maybe=re.compile(r"(?<![\w$])(?:it|test|describe)\.(?:skipIf|runIf)\b"),
    trivial=re.compile(
        r"\bexpect\(\s*(true|false|1|0)\s*\)\.(?:toBe|toEqual|toStrictEqual|to\.equal)\(\s*\1\s*\)|"
        r"\bexpect\(\s*(?:true|1)\s*\)\.toBeTruthy\(|\bassert(?:\.ok)?\(\s*(?:true|1)\s*[,)]"
    ),
    body="parentheses",
)  # fmt: skip

GO = Language(
    blank=re.compile(rf"{_SLASHES}|{_DOUBLE}|`[^`]*`?|'(?:\\.|[^'\\\n])'", re.DOTALL),
    files=re.compile(r"_test\.go$"),
    test=re.compile(r"^func\s+(?P<name>(?:Test|Fuzz|Example)\w*)\s*\(", _M),
    asserts=re.compile(r"\b[tbf]\.(?:Error|Fatal|Fail)\w*\s*\(|\b(?:assert|require|is|qt|be|check)\.\w+\s*\("),
    off=re.compile(r"\b[tbf]\.Skip\w*\s*\("),
    maybe=_NEVER,
    trivial=re.compile(r"\b(?:assert|require)\.True\(\s*t\s*,\s*true\b|\b(?:assert|require)\.Equal\(\s*t\s*,\s*(\w+)\s*,\s*\1\s*[,)]"),
    body="braces",
)  # fmt: skip

RUST = Language(
    blank=re.compile(rf'{_SLASHES}|r(#*)".*?(?:"\1|\Z)|' + r'"(?:\\.|[^"\\])*"?|' + r"'(?:\\.|[^'\\\n])'", re.DOTALL),
    files=re.compile(r"\.rs$"),
    test=re.compile(
        r"#\[(?:\w{1,40}::){0,5}(?:test|rstest|test_case|quickcheck)\b[^\]\n]{0,200}\]"
        r"(?:\s{0,100}#\[[^\]\n]{0,200}\]){0,20}\s{0,100}"
        r"(?:pub(?:\([^)\n]{0,60}\))?\s{1,20})?(?:async\s{1,20})?fn\s{1,20}(?P<name>\w+)"
    ),
    asserts=re.compile(r"\b(?:prop_|debug_)?assert\w*!|\bpanic!|#\[should_panic\b"),
    off=re.compile(r"#\[ignore\b"),
    maybe=re.compile(r"#\[cfg_attr\([^\]\n]{0,200}\bignore\b"),
    trivial=re.compile(r"\bassert!\(\s*true\s*[,)]|\bassert_eq!\(\s*(\d+|true)\s*,\s*\1\s*[,)]"),
    body="braces",
)  # fmt: skip

_BY_END: Mapping[str, Language] = {
    "py": PYTHON, "go": GO, "rs": RUST,
    **dict.fromkeys(("js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts"), JAVASCRIPT),
}  # fmt: skip


def language_of(path: str) -> Language | None:
    """The language whose tests may stand in a file of this name, or None."""
    found = _BY_END.get(path.rpartition(".")[2].casefold())
    return found if found and found.files.search(path) else None
