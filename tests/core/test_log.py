"""Lines that can be followed and hold nothing secret."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core import log
from core.redaction import Redactor

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEcanary+/=\ncanary\n-----END RSA PRIVATE KEY-----"
CANARIES = {
    "classic token": "ghp_canary0123456789abcdef0123456789",
    "installation token": "ghs_12345_eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOjF9.canary-signature_0123456789",
    "fine-grained token": "github_pat_11CANARY0_0123456789abcdefcanary",
    "jwt": "eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOjF9.canarycanary",
    "private key": PEM,
    "cut private key": PEM[:60],
    "model key": "sk-ant-api03-canary0123456789",
    "cloud key": "AIzaSycanary0123456789-abcdefghij_klmnop",
    "temporary cloud key": "ASIA0123456789CANARY",
    "payment key": "sk_live_canary0123456789abcd",
    "package token": "npm_canary0123456789abcdef0123456789abcd",
    "other package token": "pypi-AgEIcHlwaS5vcmcCJcanary0123456789abcdefghij0123456789",
    "header": "Authorization: Basic Y2FuYXJ5OmNhbmFyeQ==",
    "header in a dict": "{'authorization': 'token canary-token'}",
    "header in json": '{"Authorization": "Bearer canary-token"}',
    "header as pairs": "[(b'Authorization', b'canary-token')]",
    "url": "https://x-access-token:canary@github.com/acme/shop.git",
    "redis": "redis://:canary@redis:6379/0",
    "our webhook secret": 'canary"quoted\\secret',
}
OURS = ('canary"quoted\\secret',)


@pytest.fixture(params=["json", "console"])
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    level = root.level
    stream = io.StringIO()
    log.configure("info", request.param, secrets=OURS, stream=stream)
    yield stream
    for handler in [handler for handler in root.handlers if type(handler).__module__ == "core.log"]:
        root.removeHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


class Thing:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Thing({self.text})"


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES)
def test_no_secret_gets_into_a_line(lines: io.StringIO, canary: str) -> None:
    logger = log.get("test")
    logger.info(f"text {canary} end")
    logger.info("field", value=canary, nested={"a": [canary, {"b": canary}]}, thing=Thing(canary))
    logging.getLogger("library").warning("library says %s", canary)
    try:
        local = canary
        raise ValueError(local)
    except ValueError:
        logger.exception("failed")
        logging.getLogger("library").exception("failed too")
    written = lines.getvalue()
    assert "canary" not in written.replace("acme", "").lower()
    assert "eyJ" not in written
    assert "Y2FuYXJ5" not in written
    assert written.count("[hidden]") >= 5
    assert "failed too" in written


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_a_line_says_when_where_and_how_bad(lines: io.StringIO) -> None:
    log.get("jobs.sweep").info("task taken over", task=7)
    log.get("jobs.sweep").debug("not shown")
    (line,) = read(lines)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "task taken over", "task": 7, "level": "info", "room": "jobs.sweep"}


@pytest.mark.parametrize("lines", ["json"], indirect=True)
async def test_lines_of_one_delivery_are_joined_and_do_not_mix(lines: io.StringIO) -> None:
    logger = log.get("test")
    turn = asyncio.Barrier(2)

    async def handle(name: str) -> None:
        with log.correlated(name, repo=f"acme/{name}"):
            await turn.wait()
            assert log.correlation_id() == name
            logger.info("handled", by=name)
            await asyncio.create_task(deeper(name))

    async def deeper(name: str) -> None:
        logging.getLogger("library").info("deeper %s", name)

    await asyncio.gather(handle("one"), handle("two"))
    assert log.correlation_id() == ""
    found = read(lines)
    assert len(found) == 4
    for line in found:
        name = line.get("by") or line["event"].removeprefix("deeper ")
        assert (line["correlation_id"], line["repo"]) == (name, f"acme/{name}")


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_configuring_again_does_not_write_twice(lines: io.StringIO) -> None:
    log.configure("warning", "json", stream=lines)
    log.get("test").warning("once")
    assert len(read(lines)) == 1


def test_ordinary_text_stays_as_it_is() -> None:
    text = "task-7 of acme/shop: sk-1, skill, ghs_short, https://github.com/acme/shop, a:b@c, authorization, please"
    assert Redactor(["", "a", "short"])(text) == text


@given(st.text(), st.text(min_size=6), st.text())
def test_a_known_value_is_gone_whatever_it_is(before: str, secret: str, after: str) -> None:
    shown = Redactor([secret])(f"{before} {secret} {after}")
    assert "[hidden]" in shown
    assert f" {secret} " not in shown or secret in "[hidden]"


@given(st.text())
def test_hiding_twice_is_hiding_once(text: str) -> None:
    redact = Redactor(["canary"])
    once = redact(text)
    assert redact(once) == once
