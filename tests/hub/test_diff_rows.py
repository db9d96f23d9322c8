"""A patch becomes rows with the line numbers that comments and annotations refer to."""

from demo.hub.gitstore import FileChange
from demo.hub.pages.diffs import Row, file_diffs, rows

PATCH = """@@ -1,3 +1,4 @@ def f():
 same
-old
+new
+more
 end
@@ -10 +11 @@
-last
\\ No newline at end of file
+last"""


def test_rows_know_their_lines_on_both_sides() -> None:
    found = list(rows(PATCH))
    assert found[1:6] == [
        Row("same", "same", 1, 1),
        Row("removed", "old", old=2),
        Row("added", "new", new=2),
        Row("added", "more", new=3),
        Row("same", "end", 3, 4),
    ]
    assert [row.kind for row in found[6:]] == ["hunk", "removed", "note", "added"]
    assert found[-1].new == 11


def test_a_comment_stands_under_one_row_only() -> None:
    found = list(rows(PATCH))
    assert [row.text for row in found if row.stands_at(2, "RIGHT")] == ["new"]
    assert [row.text for row in found if row.stands_at(2, "LEFT")] == ["old"]
    assert not any(row.stands_at(None, "RIGHT") for row in found)


def test_files_without_a_patch_have_no_rows() -> None:
    (file,) = file_diffs([FileChange("a b/ä.bin", "added", 0, 0, "0" * 40, None, None)])
    assert file.rows == ()
    assert file.squares == ("none",) * 5
    assert file.anchor == "diff-a-b-bin"
