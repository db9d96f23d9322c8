"""The lines that a pull request's page shows, read from git's own diff."""

from pathlib import Path

import pytest

from jobs.bench.lines import is_shown, shown_lines

DIFF = """diff --git a/a.py b/a.py
index 1..2 100644
--- a/a.py
+++ b/a.py
@@ -1,4 +1,5 @@ def f():
 one
-two
--- looks like a header
++++ b/other.py
+two
+@@ -1 +1 @@
 four
@@ -40 +41,0 @@
-gone
@@ -50,0 +51,2 @@
+fifty-one
+fifty-two
\\ No newline at end of file
diff --git "a/\\303\\244 \\"q\\".txt" "b/\\303\\244 \\"q\\".txt"
new file mode 100644
--- /dev/null
+++ "b/\\303\\244 \\"q\\".txt"
@@ -0,0 +1 @@
+new
diff --git a/gone.py b/gone.py
--- a/gone.py
+++ /dev/null
@@ -1,2 +0,0 @@
-one
-two
diff --git a/with space.txt b/with space.txt
--- a/with space.txt\t
+++ b/with space.txt\t
@@ -3 +3 @@
-x
+y
"""


def test_hunks_by_path() -> None:
    assert shown_lines(DIFF) == {
        "a.py": (range(1, 6), range(51, 53)), 'ä "q".txt': (range(1, 2),), "with space.txt": (range(3, 4),),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "first", "last", "shown"),
    [
        ("a.py", 1, 5, True), ("a.py", 5, 6, False), ("a.py", 0, 1, False), ("a.py", 5, 51, False),
        ("a.py", 52, 52, True), ("a.py", 52, 51, False), ("other.py", 1, 1, False), ("gone.py", 1, 1, False),
    ],
)  # fmt: skip
def test_what_is_shown(path: str, first: int, last: int, shown: bool) -> None:
    assert is_shown(shown_lines(DIFF), path, first, last) is shown


@pytest.mark.parametrize(
    "diff", ["", "@@ -1 +1 @@\n", "+++ b/a\n@@ -1,9 +1,9 @@\n x\n", '+++ "b/\\777"\n@@ -1 +1 @@\n']
)
def test_half_a_diff_breaks_nothing(diff: str) -> None:
    shown_lines(diff)


def test_this_file_is_no_fixture() -> None:
    """A hunk's lines are counted, so that a diff of this very file would be read right."""
    rows = Path(__file__).read_text(encoding="utf-8").splitlines()
    header = f"+++ b/me\n@@ -0,0 +1,{len(rows)} @@\n"
    diff = header + "".join(f"+{row}\n" for row in rows) + "+++ b/you\n@@ -0,0 +1 @@\n+x\n"
    assert shown_lines(diff) == {"me": (range(1, len(rows) + 1),), "you": (range(1, 2),)}
