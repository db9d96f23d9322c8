"""The demo's last witness: it tests what stands on GitHub, and believes nobody."""

import pytest

from demo.hub import Hub
from demo.world import FILES, unproved


@pytest.fixture
def files() -> dict[str, str | bytes]:
    return dict(FILES)


async def test_a_pull_request_is_believed_when_its_tests_pass(hub: Hub) -> None:
    hub.repo.private = True
    developer = hub.as_user("developer")
    source = str(FILES["textkit/slug.py"])
    await developer.push("mended", {"textkit/slug.py": source.replace("[a-z]+", "[a-z0-9]+")})
    mended = await developer.open_pull("mended")
    await developer.push("not-mended", {"README.md": "Promised."})
    promised = await developer.open_pull("not-mended")
    assert await unproved(hub, {1: mended.number}) == []
    await developer.delete_branch("mended")
    wrong, missing = await unproved(hub, {1: mended.number, 2: promised.number, 3: None})
    assert wrong.startswith(f"#2: tests.test_wrap fails at the head of pull request {promised.number}: ")
    assert missing == "#3: there is no pull request to test"
    (unknown,) = await unproved(hub, {1: 99})
    assert unknown.startswith("#1: pull request 99 cannot be fetched")
