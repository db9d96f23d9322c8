"""What agents and strangers say stays within itself once GitHub has read it as Markdown."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from markdown_it import MarkdownIt

from core.messages.findings import at_line
from core.messages.words import line, plain
from core.tasks import Finding, Task

READER = MarkdownIt("commonmark", {"html": True})
PIECES = [
    "```", "~~~~", "`", "``` `x`", "````", "x", "- ", "> ", "1. ", "  ", "    ", "\t", "\n", "\n\n", "\r", "<?", "?>",
    "<!", "X", "<![CDATA[", "<!--", "-->", "<pre>", "<div>", "<details>", "</details>", "<script", "suggestion", "py",
    "sugg&#101;stion", "\\suggestion", "\xa0", "\u2028", "=", "a\n",
]  # fmt: skip
TEXTS = some.lists(some.sampled_from(PIECES), max_size=14).map("".join)


def swallowed(text: str) -> bool:
    """Whether what stands behind the text is anything else than a paragraph of its own."""
    tokens = READER.parse(f"{text}\n\nBEHIND")
    return [(token.type, token.level) for token in tokens[-3:]] != [
        ("paragraph_open", 0), ("inline", 1), ("paragraph_close", 0)
    ] or tokens[-2].content != "BEHIND"  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "``` `x`", "```\nopen", "```\nopen\n```\xa0", "a\r```\rb", "- x\n  ```\nfoo", "<div>\n```\n\n```\nfoo",
        "<?php", "a\n<!X", "<![CDATA[", "<pre>", "x\n<SCRIPT", "~~~\n```", "<details>\n\n```\n</details>\n```",
    ],
)  # fmt: skip
def test_nothing_swallows_what_follows(text: str) -> None:
    shown = plain(text)
    assert not swallowed(shown)
    assert not swallowed(f"F1 (high): {shown}")


@given(TEXTS)
@example("- ```\n  x\n  ```")
def test_no_text_swallows_what_follows(text: str) -> None:
    for shown in (plain(text), f"F1: {plain(text)}", line(text), f"- {line(text)}"):
        assert not swallowed(shown)


@given(TEXTS)
def test_no_text_is_a_suggestion(text: str) -> None:
    tokens = READER.parse(plain(text))
    assert not [token for token in tokens if token.type == "fence" and "suggestion" in token.info.lower()]


@given(TEXTS)
def test_made_safe_twice_is_made_safe_once(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_a_finding_s_text_offers_no_change_to_apply(at_work: Task) -> None:
    """Only the replacement does, and only where it stands for exactly its lines."""
    found = Finding(
        id="F1", type="bug", severity="high", text="Do:\n```suggestion\nevil()\n```", replacement="good()\n"
    )
    assert "suggestion" not in at_line(at_work, found, suggest=False)
    assert at_line(at_work, found, suggest=True).count("suggestion") == 1


def test_code_stays_code() -> None:
    text = "Look:\n\n```php\n  echo 1;\n```\n\nand `x`."
    assert plain(text) == text
    assert plain("<details><summary>s</summary>\n\nx") == "<details><summary>s</summary>\n\nx\n\n</details>"
    assert plain("Use\n\n```html\n<details>\n```") == "Use\n\n```html\n<details>\n```"
