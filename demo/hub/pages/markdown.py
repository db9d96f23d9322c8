"""GitHub's Markdown as a person sees it: hidden markers stay hidden, checkboxes can be clicked, nothing else runs.

What the bot writes is judged by eye on these pages, so the parts it uses must look as they do on GitHub: comments that
carry markers vanish, `<details>` folds, task lists are boxes. Every other piece of HTML is shown as the text it is.
"""

import html
import re
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

Env = MutableMapping[str, Any]

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s[^<>]*)?)/?>")
_PAIRED = {"details", "summary", "sub", "sup", "kbd", "b", "i", "em", "strong", "code", "ins", "del", "h3", "h4"}
_SINGLE = {"br", "hr"}
_TASK = re.compile(r"\[([ xX])\][ \t]")
_TASK_LINE = re.compile(r"^([ \t]*(?:>[ \t]*)*(?:[-*+]|\d+[.)])[ \t]+\[)([ xX])(\][ \t])")
_AUTOLINK = re.compile(
    r"(?P<url>https?://[^\s<>\"']+[^\s<>\"'.,:;!?)\]])"
    r"|(?<![\w/`])@(?P<login>[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))(?![\w/])"
    r"|(?<![\w/&])\#(?P<number>\d{1,9})(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands: `repo` is the repository's page, `root` the site's, `toggle` the form for its checkboxes.

    `replaces`: the lines of code that a suggestion in it would replace.
    """

    root: str = ""
    repo: str = ""
    toggle: str | None = None
    replaces: tuple[str, ...] = ()


def rendered(text: str | None, place: Place) -> Markup:
    """Safe HTML of a Markdown text (None: empty)."""
    env: Env = {"place": place, "open": [], "links": 0}
    body = _PARSER.render(text or "", env)
    unclosed = "".join(f"</{name}>" for name in reversed(env["open"]))
    return Markup(body + unclosed)  # noqa: S704 - every token is escaped or rebuilt by the rules below


def toggled(text: str, line: int) -> str | None:
    """`text` with the checkbox on its `line` (from 0) turned over, or None when there is none."""
    lines = text.splitlines(keepends=True)
    if not 0 <= line < len(lines) or not (found := _TASK_LINE.match(lines[line])):
        return None
    mark = " " if found[2] in "xX" else "x"
    lines[line] = found[1] + mark + found[3] + lines[line][found.end() :]
    return "".join(lines)


class _Renderer(RendererHTML):
    """markdown-it's own renderer, with our word on HTML, text, links and list items."""

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        return _only_harmless(tokens[idx].content, env)

    def html_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        return _only_harmless(tokens[idx].content, env)

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        if tokens[idx].info.strip() != "suggestion":
            return super().fence(tokens, idx, options, env)
        lines = [("removed", "-" + one) for one in env["place"].replaces]
        lines += [("added", "+" + one) for one in tokens[idx].content.splitlines()]
        shown = "".join(f'<span class="{kind}">{escapeHtml(one)}\n</span>' for kind, one in lines)
        return f'<div class="suggestion"><b>Suggested change</b><pre class="hunk">{shown}</pre></div>\n'

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        content, box = tokens[idx].content, ""
        if tokens[idx].meta.get("task") is not None and (found := _TASK.match(content)):
            box, content = _box(found[1] != " ", tokens[idx].meta["task"], env["place"]), content[found.end() :]
        return box + (escapeHtml(content) if env["links"] else _linked(content, env["place"]))

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        env["links"] += 1
        return self.renderToken(tokens, idx, options, env)

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        env["links"] -= 1
        return self.renderToken(tokens, idx, options, env)


def _only_harmless(raw: str, env: Env) -> str:
    """Comments vanish, a few tags pass without their attributes and only in pairs, all else is text."""
    stack: list[str] = env["open"]
    pieces, position = [], 0
    text = _COMMENT.sub("", raw)
    for found in _TAG.finditer(text):
        pieces.append(html.escape(text[position : found.start()], quote=False))
        pieces.append(_tag(found[1] == "/", found[2].lower(), found[3], found[0], stack))
        position = found.end()
    return "".join(pieces) + html.escape(text[position:], quote=False)


def _tag(closes: bool, name: str, attributes: str, raw: str, stack: list[str]) -> str:
    if name in _SINGLE:
        return f"<{name}>"
    if name not in _PAIRED:
        return html.escape(raw, quote=False)
    if not closes:
        stack.append(name)
        is_open = name == "details" and re.search(r"\bopen\b", attributes)
        return "<details open>" if is_open else f"<{name}>"
    if name not in stack:
        return ""
    inner = stack[stack.index(name) :] if stack.count(name) == 1 else [stack[-1]]
    del stack[len(stack) - len(inner) :]
    return "".join(f"</{one}>" for one in reversed(inner))


def _box(checked: bool, line: int, place: Place) -> str:
    state = "checked" if checked else "unchecked"
    if place.toggle is None:
        return f'<span class="box {state}" role="checkbox" aria-checked="{str(checked).lower()}"></span> '
    return (
        f'<form class="inline" method="post" action="{html.escape(place.toggle)}">'
        f'<input type="hidden" name="line" value="{line}">'
        f'<button class="box {state}" role="checkbox" aria-checked="{str(checked).lower()}"'
        f' title="Turn this box over"></button></form> '
    )


def _linked(text: str, place: Place) -> str:
    pieces, position = [], 0
    for found in _AUTOLINK.finditer(text):
        pieces.append(escapeHtml(text[position : found.start()]))
        position = found.end()
        label = escapeHtml(found[0])
        if found["url"]:
            target = found["url"]
        elif found["login"]:
            target = f"{place.root}/{found['login']}"
        else:
            target = f"{place.repo}/issues/{found['number']}"
        pieces.append(f'<a href="{escapeHtml(target)}">{label}</a>')
    return "".join(pieces) + escapeHtml(text[position:])


def _mark_tasks(state: Any) -> None:
    """Tell the first text of each `- [ ] item` on which line of the source its box stands."""
    tokens: list[Token] = state.tokens
    for before, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        starts_item = before.type == "list_item_open" and paragraph.type == "paragraph_open"
        if starts_item and inline.children and _TASK.match(inline.content) and inline.map:
            before.attrJoin("class", "task")
            inline.children[0].meta = {**inline.children[0].meta, "task": inline.map[0]}


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "breaks": True}, renderer_cls=_Renderer)
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.push("tasks", _mark_tasks)
    return parser


_PARSER = _parser()
