"""What comes out of a writer: plain text, no secret in it however it was cut, and nothing twice or lost."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from core.artifacts import Artifacts, Caps, Entry, Writer
from core.artifacts.veil import Veil
from core.clock import ShiftedClock
from core.redaction import HIDDEN, Redactor
from core.store import Fenced, Store
from core.tasks import Task
from core.visible import visible_text
from tests.artifacts.conftest import header

KNOWN = "correct-horse-battery-staple"
GITHUB = "ghp_" + "a1B2c3D4e5F6" * 3
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA7b\n" * 40 + "-----END RSA PRIVATE KEY-----"
SECRETS = {
    "known": KNOWN, "github": GITHUB, "anthropic": "sk-ant-" + "api03" * 8, "key": KEY,
    "jwt": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NTYifQ.c2lnbmF0dXJlLW9mLWl0",
}  # fmt: skip
LEAST = 8
"""So many characters in a row of a secret would be a leak; what every private key begins with is none."""


def leaks(shown: str, secret: str) -> bool:
    """Whether any tell-tale part of the secret is there."""
    body = secret.partition("KEY-----")[2] or secret
    return any(body[n : n + LEAST] in shown for n in range(len(body) - LEAST + 1))


def veiled(batches: list[list[Entry]]) -> list[Entry]:
    veil = Veil(Redactor([KNOWN]))
    return [entry for n, batch in enumerate(batches) for entry in veil.passed(batch, last=n == len(batches) - 1)]


def text(entries: list[Entry]) -> str:
    return "".join(entry.title + entry.body for entry in entries)


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("apart", [False, True], ids=["in one batch", "in two"])
def test_a_secret_in_two_pieces_does_not_slip_through(secret: str, apart: bool) -> None:
    for cut in range(1, min(len(secret), 120)):
        first, second = Entry(1, "text", body=f"it is {secret[:cut]}"), Entry(2, "text", body=f"{secret[cut:]} indeed")
        shown = veiled([[first], [second]] if apart else [[first, second]])
        assert not leaks(text(shown), secret), (cut, shown)
        assert "it is" in text(shown)
        assert "indeed" in text(shown)
        assert HIDDEN in text(shown)


@pytest.mark.parametrize("between", [Entry(1.5, "usage", "12 tokens"), Entry(1.5, "progress", "40 %")])
def test_headlines_between_the_pieces_do_not_help_it(between: Entry) -> None:
    pieces = [Entry(1, "output", "stdout", GITHUB[:14]), between, Entry(2, "output", "stdout", GITHUB[14:])]
    assert not leaks(text(veiled([[piece] for piece in pieces])), GITHUB)


def test_a_word_right_before_a_token_does_not_help_it() -> None:
    pieces = [Entry(1, "text", body="Running"), Entry(2, "text", body=GITHUB[:20]), Entry(3, "text", body=GITHUB[20:])]
    assert not leaks(text(veiled([[piece] for piece in pieces])), GITHUB)
    assert text(veiled([pieces])).startswith("Running")


def test_a_private_key_line_by_line() -> None:
    lines = [Entry(n, "text", body=line) for n, line in enumerate(["look:", *KEY.splitlines(), "that was it"])]
    shown = text(veiled([[line] for line in lines]))
    assert "MIIE" not in shown
    assert shown.startswith("look:")
    assert shown.endswith("that was it")


@given(st.data())
def test_however_it_is_cut(data: st.DataObject) -> None:
    """Any secret, any words around it, cut anywhere into entries and batches."""
    secret = data.draw(st.sampled_from(sorted(SECRETS.values())))
    before, after = data.draw(st.text(alphabet="abc /-.\n", max_size=30)), data.draw(st.text(max_size=30))
    whole = f"{before} {secret} {after}"
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=8)))
    entries = [Entry(0, "text", body=whole[a:b]) for a, b in pairwise([0, *cuts, len(whole)])]
    borders = sorted(data.draw(st.sets(st.integers(0, len(entries)), max_size=4)))
    batches = [entries[a:b] for a, b in pairwise([0, *borders, len(entries)])]
    assert not leaks(text(veiled([*batches, []])), secret)


@given(st.lists(st.lists(st.text(alphabet="ab \n", max_size=20), max_size=4), max_size=5))
def test_words_without_secrets_pass_unchanged_and_in_order(batches: list[list[str]]) -> None:
    entries = [[Entry(1, "text", body=body) for body in batch] for batch in batches]
    assert veiled([*entries, []]) == [entry for batch in entries for entry in batch]


def test_almost_nothing_waits() -> None:
    """What is shown lags behind only where a secret may go on."""
    veil = Veil(Redactor([KNOWN]))
    assert len(veil.passed([Entry(1, "text", body="Reading the parser")])) == 1
    assert veil.passed([Entry(2, "text", body=f"it is {KNOWN[:5]}")]) == []
    assert len(veil.passed([Entry(3, "text", body=", I think")])) == 2


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07done", "done"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("10 %\r20 %\r\ndone", "10 %\n20 %\ndone"),
        ("a\x00b\x08c\x7fd\x9b31me", "abcde"),
        ("left\u202eright\u2066x\u200b\ufeff", "leftrightx"),
        ("half \ud83d of one", "half  of one"),
        ("\x1b", ""),
        ("tab\tstays\n", "tab\tstays\n"),
        ("ghp_\x1b[0mabc", "ghp_abc"),
        ("\x1b(Bx\x1b=y\x1b[?25lz", "xyz"),
    ],
)
def test_nothing_but_plain_text_is_left(raw: str, plain: str) -> None:
    assert visible_text(raw) == plain


async def read(artifacts: Artifacts, task: Task) -> list[Entry]:
    (run,) = await artifacts.runs(task.id)
    page = await artifacts.page(task.id, run, size=100 << 20)
    return list(page.entries)


async def test_what_was_flushed_is_readable_before_the_end(artifacts: Artifacts, task: Task) -> None:
    writer = Writer(artifacts, task.id, header(task), Redactor())
    writer.add(Entry(0.1, "text", body="Looking around"))
    await writer.flush()
    writer.add(Entry(0.2, "text", body="Never flushed"))
    assert [entry.body for entry in await read(artifacts, task)] == ["Looking around"]
    await writer.close()
    assert [entry.body for entry in await read(artifacts, task)] == ["Looking around", "Never flushed"]
    (run,) = await artifacts.runs(task.id)
    assert run.ended


async def test_a_secret_in_colours_is_hidden(artifacts: Artifacts, task: Task) -> None:
    writer = Writer(artifacts, task.id, header(task), Redactor([KNOWN]))
    writer.add(Entry(0, "text", f"run {KNOWN[:9]}\x1b[31m{KNOWN[9:]}", f"{GITHUB[:20]}\x1b[K{GITHUB[20:]}"))
    await writer.close()
    (entry,) = await read(artifacts, task)
    assert (entry.title, entry.body) == (f"run {HIDDEN}", HIDDEN)


async def test_long_entries_keep_both_ends(artifacts: Artifacts, task: Task) -> None:
    writer = Writer(artifacts, task.id, header(task), Redactor([KNOWN]))
    writer.add(Entry(0, "output", "t" * 400, "first " + "x" * 30_000 + " last"))
    writer.add(Entry(0, "output", "", "y" * (256_000 - 9) + KNOWN + "z" * 9))
    await writer.close()
    first, second = await read(artifacts, task)
    assert first.body.startswith("first ")
    assert first.body.endswith(" last")
    assert "14,011 characters are left out here" in first.body
    assert len(first.title) < 400
    assert "correct" not in second.body
    assert "characters were not read" in second.body


async def test_more_than_the_cap_keeps_both_ends(redis: "Redis", clock: ShiftedClock, store: Store, task: Task) -> None:
    artifacts = Artifacts(redis, clock, store, caps=Caps(transcript=1 << 20))
    writer = Writer(artifacts, task.id, header(task), Redactor())
    line = random.Random(1).randbytes(5_000).hex()
    writer.add(Entry(0, "text", body="the beginning"))
    for n in range(800):
        writer.add(Entry(n / 100, "output", f"line {n}", line))
        if writer.waiting > 1 << 20:
            await writer.flush()
    writer.add(Entry(60, "text", body="the end"))
    await writer.close()
    entries = await read(artifacts, task)
    (run,) = await artifacts.runs(task.id)
    assert run.raw > 7 << 20
    assert run.raw - run.dropped_raw <= 1 << 20
    assert (entries[0].body, entries[-1].body) == ("the beginning", "the end")
    assert len(entries) == run.entries - run.dropped_entries == 802 - run.dropped_entries


class Flaky(Artifacts):
    """A store that takes what it is sent and is away when it should say so."""

    fails = 0

    async def append(self, *args: object, **facts: object) -> object:  # type: ignore[override]
        outcome = await super().append(*args, **facts)  # type: ignore[arg-type]
        if self.fails:
            self.fails -= 1
            raise ConnectionError("away")
        return outcome


async def test_a_store_that_goes_away_loses_nothing_and_gets_nothing_twice(
    redis: object, clock: object, store: Store, task: Task
) -> None:
    artifacts = Flaky(redis, clock, store)  # type: ignore[arg-type]
    writer = Writer(artifacts, task.id, header(task), Redactor())
    for n in range(5):
        writer.add(Entry(n, "text", body=f"line {n}."))
        artifacts.fails = n % 2
        if n % 2:
            with pytest.raises(ConnectionError):
                await writer.flush()
        else:
            await writer.flush()
    artifacts.fails = 1
    with pytest.raises(ConnectionError):
        await writer.close()
    await writer.close()
    assert [entry.body for entry in await read(artifacts, task)] == [f"line {n}." for n in range(5)]


async def test_what_comes_while_the_store_is_away_for_long_is_counted(artifacts: Artifacts, task: Task) -> None:
    writer = Writer(artifacts, task.id, header(task), Redactor())
    for _ in range(300):
        writer.add(Entry(0, "output", body="x" * 20_000))
    await writer.flush()
    writer.add(Entry(1, "text", body="back again"))
    await writer.close()
    *_, lost, last = await read(artifacts, task)
    assert (lost.kind, last.body) == ("lost", "back again")
    assert 50 < int(lost.title) < 150


async def test_a_fenced_writer_hears_it(artifacts: Artifacts, task: Task, store: Store) -> None:
    writer = Writer(artifacts, task.id, header(task), Redactor())
    writer.add(Entry(0, "text", body="x"))
    await store.interrupt(task.id, task.epoch, crashed=False)
    with pytest.raises(Fenced):
        await writer.flush()
    assert await artifacts.runs(task.id) == []


@pytest.mark.parametrize(
    "text",
    [
        *SECRETS.values(), "AKIA" + "Q" * 16, "xoxb-" + "1" * 12, "glpat-" + "x" * 20, "github_pat_" + "x" * 22,
        "Authorization: Bearer abcdefgh", "https://user:password@host/", "gho_" + "x" * 16, "ghu_" + "x" * 16,
        "ghs_" + "x" * 16, "ghr_" + "x" * 16, "xoxp-" + "1" * 12, "no secret", "task-list https://host/",
    ],
)  # fmt: skip
def test_places_and_replacement_agree(text: str) -> None:
    redactor = Redactor([KNOWN])
    assert bool(redactor.spans(text)) == (redactor(text) != text)
