"""Names of repositories and issues: what is understood, and that nothing crafted gets through."""

import pytest

from core.errors import BadReference
from core.refs import IssueRef, RepoRef

HERE = RepoRef("acme", "shop")


@pytest.mark.parametrize("text", ["acme/shop", " acme/shop ", "a/b", "acme-inc/shop.js", "emu_user/_x-1"])
def test_a_repository_is_read_and_written_the_same(text: str) -> None:
    assert str(RepoRef.parse(text)) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", "acme", "acme/", "/shop", "acme/shop/x", "acme/..", "acme/.", "../shop", "-acme/shop", "acme/sh op", "acme/é",
     "acme/shop\n/x", "a" * 40 + "/x", "acme/" + "x" * 101],
)  # fmt: skip
def test_no_crafted_repository_name_gets_through(text: str) -> None:
    with pytest.raises(BadReference):
        RepoRef.parse(text)


@pytest.mark.parametrize(
    ("text", "number", "repo"),
    [
        ("#7", 7, HERE),
        ("7", 7, HERE),
        ("other/thing#12", 12, RepoRef("other", "thing")),
        ("https://github.com/other/thing/issues/3", 3, RepoRef("other", "thing")),
        ("https://ghe.example/other/thing/pull/3#issuecomment-5", 3, RepoRef("other", "thing")),
    ],
)
def test_an_issue_is_read_as_people_write_it(text: str, number: int, repo: RepoRef) -> None:
    assert IssueRef.parse(text, here=HERE) == IssueRef(repo, number)


@pytest.mark.parametrize("text", ["", "#0", "#-1", "seven", "acme/shop7", "acme/..#7", "#99999999999", "٧"])
def test_what_is_no_issue_says_how_to_write_one(text: str) -> None:
    with pytest.raises(BadReference) as caught:
        IssueRef.parse(text, here=HERE)
    assert "owner/name" in caught.value.next_step


def test_a_bare_number_needs_a_repository() -> None:
    with pytest.raises(BadReference):
        IssueRef.parse("#7")


def test_an_issue_is_written_so_that_it_is_read_again() -> None:
    issue = HERE.issue(7)
    assert IssueRef.parse(str(issue)) == issue
