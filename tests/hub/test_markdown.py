"""What people write is shown as GitHub shows it, and nothing they write runs or breaks the page around it."""

import pytest

from demo.hub.pages.markdown import Place, rendered, toggled

HERE = Place(repo="/acme/widgets")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("<!-- pdev:task 7 -->\nHello", "<p>Hello</p>"),
        ("before <!-- marker --> after", "<p>before  after</p>"),
        ("- [x] done\n- [ ] open", 'aria-checked="true"'),
        ("see #12", '<a href="/acme/widgets/issues/12">#12</a>'),
        ("thanks @mona!", '<a href="/mona">@mona</a>!'),
        ("`#12 @mona`", "<code>#12 @mona</code>"),
        ("mail a@b.example", "mail a@b.example"),
        ("https://example.com/a?b=1.", '<a href="https://example.com/a?b=1">https://example.com/a?b=1</a>.'),
        ("[#1](https://example.com)", '<a href="https://example.com">#1</a>'),
        ("one\ntwo", "one<br />\ntwo"),
        ("| a |\n|---|\n| 1 |", "<td>1</td>"),
        ("<details open><summary>Log</summary>\n\n**x**\n\n</details>", "<details open><summary>Log</summary>"),
        ("<details class='x' onclick='y'>", "<details>"),
    ],
)
def test_shows_what_github_shows(text: str | None, expected: str) -> None:
    assert expected in rendered(text, HERE)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<details><summary><svg onload=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "https://x.example/\"onmouseover='alert(1)",
        "<b onmouseover=alert(1)>x</b>",
        "<!-- --><script>alert(1)</script><!-- -->",
        "<style>*{display:none}</style>",
        "<iframe src=//x>",
        "```<script>\n<script>alert(1)</script>\n```",
    ],
)
def test_lets_nothing_run(text: str) -> None:
    shown = str(rendered(text, Place(repo="/o/r", toggle="/t")))
    for piece in ("<script", "<img src=x", "<svg", "<style", "<iframe", 'href="javascript', 'href="data:', "<b on"):
        assert piece not in shown.lower()
    assert " onmouseover=" not in shown.replace("&quot;", "").split("&lt;")[0]


@pytest.mark.parametrize(
    "text", ["<details>", "</details></details>", "<details><summary>x", "<b><details></b></details>", "a </summary> b"]
)
def test_leaves_no_tag_open_and_closes_none_that_is_not_its_own(text: str) -> None:
    shown = str(rendered(text, HERE))
    for name in ("details", "summary", "b"):
        assert shown.count(f"<{name}>") == shown.count(f"</{name}>")


def test_boxes_carry_the_line_they_stand_on() -> None:
    text = "intro\n\n- [ ] one\n- plain\n  - [X] two\n\n```\n- [ ] code\n```\n1. [ ] three\n"
    shown = str(rendered(text, Place(toggle="/turn")))
    assert [shown.count(f'name="line" value="{line}"') for line in range(10)] == [0, 0, 1, 0, 1, 0, 0, 0, 0, 1]
    assert shown.count('action="/turn"') == 3
    assert "<form" not in rendered(text, Place())


def test_a_box_is_turned_where_it_stands() -> None:
    text = "intro\n- [ ] one\r\n  - [X] two\nend"
    assert toggled(text, 1) == "intro\n- [x] one\r\n  - [X] two\nend"
    assert toggled(text, 2) == "intro\n- [ ] one\r\n  - [ ] two\nend"
    assert [toggled(text, line) for line in (0, 3, 4, -1)] == [None] * 4
