"""The tree of errors: drawn as it is, and every branch says who acts and what comes next."""

import inspect
import re

import pytest

from core import errors
from core.errors import BadSettings, OperatorError, PdevError, RateLimited, Refused, Transient, UserError

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, PdevError)}


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn = re.findall(r"^    (?:│?\W*[├└]── )?([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    assert set(drawn) == set(CLASSES)
    parents = {"UserError": UserError, "OperatorError": OperatorError, "Transient": Transient}
    current: type[PdevError] = PdevError
    for name in drawn:
        assert issubclass(CLASSES[name], current if name not in parents else PdevError)
        current = parents.get(name, current)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in CLASSES.values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", [UserError, OperatorError, Transient])
def test_an_error_says_what_happened_and_what_comes_next(kind: type[PdevError]) -> None:
    error = kind("It broke.", "Mend it.", code="X")
    assert (str(error), error.code) == ("It broke. Mend it.", "X")
    assert kind.code != "X"


def test_what_is_transient_says_when() -> None:
    limited = RateLimited("Too many.", retry_at=100.0, retry_after=5.0)
    assert (limited.retry_at, limited.retry_after) == (100.0, 5.0)
    assert "by itself" in limited.next_step
    assert Transient("Away.").retry_after is None


def test_a_refusal_is_searched_in_any_case() -> None:
    refused = Refused("No.", messages=["A pull request ALREADY exists"])
    assert refused.says("already exists")
    assert not refused.says("draft")


def test_one_mistake_and_several_read_well() -> None:
    assert str(BadSettings(["PORT is “x”."])).startswith("One setting is wrong:\n  - PORT is “x”.\n")
    assert str(BadSettings(["a", "b"])).startswith("2 settings are wrong:\n  - a\n  - b\n")
