"""Which hosts and addresses may be reached: tables."""

import pytest
from pydantic import ValidationError

from core.hosts import split
from core.repoconfig import Config
from core.settings import outside
from core.settings.reading import Reading
from jobs.gateway import hosts_of, is_public, rule
from jobs.gateway.allowing import deciding, may_connect


@pytest.mark.parametrize(
    ("allowed", "host", "port", "is_allowed"),
    [
        ("pypi.org", "pypi.org", 443, True),
        ("pypi.org", "pypi.org", 80, True),
        ("pypi.org", "pypi.org", 9418, False),
        ("pypi.org", "pypi.org", 22, False),
        ("pypi.org", "evil-pypi.org", 443, False),
        ("pypi.org", "pypi.org.evil.com", 443, False),
        ("pypi.org", "a.pypi.org", 443, False),
        ("*.example.org", "a.example.org", 443, True),
        ("*.example.org", "a.b.example.org", 443, True),
        ("*.example.org", "example.org", 443, False),
        ("*.example.org", "notexample.org", 443, False),
        ("pypi.org", "pypi.org\x00.evil.com", 443, False),
        ("*.example.org", "a/b.example.org", 443, False),
        ("*.example.org", "-.example.org", 443, False),
        ("*.example.org", ".example.org", 443, False),
        ("pypi.org", "pypi.org.", 443, False),
        ("pypi.org", "me@pypi.org", 443, False),
        ("pypi.org", "pypi%2eorg", 443, False),
        ("pypi.org", "p\u0443pi.org", 443, False),
        ("*.example.org", "\uff41.example.org", 443, False),
    ],
)
def test_who_may_be_reached(allowed: str, host: str, port: int, is_allowed: bool) -> None:
    assert (deciding([rule(allowed)], host, port) is not None) is is_allowed


def test_the_operators_rule_decides_first() -> None:
    rules = [rule("mirror.lan"), rule("mirror.lan", trusted=True)]
    decided = deciding(rules, "mirror.lan", 443)
    assert decided is not None
    assert decided.trusted


NO_HOSTS = [
    "", "*", "*.com", "*.com.", "*.*.org", "a*.org", "http://a.org", "a.org/x", "a b", "a..b", ".a.org", "-x.org",
    "x-.org", "a.org:x", "b\u00fccher.example", "\uff41.org", "a.org\n", "me@a.org", "1.2", "x" * 64 + ".org",
    "a." * 127 + "org",
]  # fmt: skip
ONLY_AN_OPERATORS = ["a.org:443", "10.0.0.1", "[::1]", "[::1]:8080", "127.0.0.1:8080", "mirror:3141"]
ANYBODYS = ["mirror.lan", "*.example.org", "A.Example.ORG", "xn--bcher-kva.example", "localhost", "a_b.example"]


@pytest.mark.parametrize("text", NO_HOSTS + ONLY_AN_OPERATORS + ANYBODYS)
def test_a_host_is_read_alike_in_a_repositorys_file_in_settings_and_by_the_gateway(text: str) -> None:
    read = Reading({"PDEV_EGRESS_ALLOW": text})
    is_operators = bool(outside.egress_allow(read)) and not read.problems
    assert is_operators is (text not in NO_HOSTS or text == "a.org\n"), "settings are read without blanks around them"
    assert bool(hosts_of([text])[0]) is (text in ANYBODYS)
    try:
        Config(network=(text,))
        is_repositorys = True
    except ValidationError:
        is_repositorys = False
    assert is_repositorys is (text in ANYBODYS)


@pytest.mark.parametrize("text", ANYBODYS + ONLY_AN_OPERATORS)
def test_what_settings_take_the_gateway_takes(text: str) -> None:
    assert rule(text, trusted=True).trusted


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "192.0.0.8", "168.63.129.16", "198.18.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "64:ff9b:1::7f00:1", "::ffff:0:127.0.0.1",
        "2606:4700::5efe:a00:1", "2606:4700::200:5efe:7f00:1", "192.88.99.1", "3fff::1", "2001:db8::1", "nonsense", "",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "151.101.0.223", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]
)
def test_an_address_that_is_public(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_is_one_too_many() -> None:
    plain, trusted = rule("a.org"), rule("a.org", trusted=True)
    assert may_connect(["1.1.1.1"], plain)
    assert not may_connect(["1.1.1.1", "127.0.0.1"], plain)
    assert not may_connect([], plain)
    assert not may_connect([], trusted)
    assert may_connect(["127.0.0.1"], trusted)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("A.org.", ("a.org", 443)),
        ("a.org:80", ("a.org", 80)),
        ("[::1]:80", ("::1", 80)),
        ("0127.1", ("0127.1", 443)),
        ("127.0.0.1", ("127.0.0.1", 443)),
    ],
)
def test_a_place_is_read(text: str, place: tuple[str, int]) -> None:
    assert split(text, default=443) == place


@pytest.mark.parametrize("text", ["a:b", "a:99999", "a:0", "[a]:1", "a:1:2", "[::1", ""])
def test_a_place_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        split(text, default=443)
