"""What the store remembers of repositories' configurations: the cap of each, whether one changed, the owner's file."""

from core.repoconfig import Effective, in_force, read
from core.store import OwnerFile, Store


def effective(text: str) -> Effective:
    held = in_force(read(text))
    assert isinstance(held, Effective)
    return held


async def changes(store: Store) -> list[dict[str, str]]:
    return [event.facts for event in await store.events() if event.name == "config.changed"]


async def test_only_a_difference_is_told(store: Store) -> None:
    texts = ("", "max_agents: 2", "max_agents: 2", "ci: ready", "")
    told = [await store.saw_config(7, effective(text)) for text in texts]
    assert told == [False, True, False, True, True]
    assert [facts["repo"] for facts in await changes(store)] == ["7"] * 3
    assert await store.config_sightings(7) == 5
    assert await store.config_sightings(8) == 0


async def test_a_new_cap_asks_for_a_plan_and_nothing_else_does(store: Store) -> None:
    first = await store.poke()
    await store.saw_config(7, effective("ci: ready"))
    assert await store.poke() == first + 1
    await store.saw_config(7, effective("ci: ready\nmax_agents: 9"))
    assert await store.poke() == first + 3


async def test_caps_are_those_seen_last(store: Store) -> None:
    await store.saw_config(7, effective("max_agents: 2"))
    await store.saw_config(8, effective("max_agents: 20"))
    caps = await store.caps([7, 8, 8, 9])
    assert [caps.cap(repo) for repo in (7, 8, 9)] == [2, 20, 5]
    assert (await store.caps([])).of == {}


async def test_everything_has_an_age(store: Store) -> None:
    await store.saw_config(7, effective("max_agents: 2"))
    await store.keep_owner_file(5, "acme", OwnerFile("draft: true"))
    assert await store._redis.pttl("pdev:config:7") > 0
    assert 0 < await store._redis.pttl("pdev:config:owner:5:acme") <= 300_000


async def test_an_owners_file_is_kept_and_forgotten(store: Store) -> None:
    assert await store.owner_file(5, "Acme") is None
    await store.keep_owner_file(5, "acme", OwnerFile(None))
    assert await store.owner_file(5, "Acme") == OwnerFile(None)
    await store.forget_owner_file(5, "ACME")
    assert await store.owner_file(5, "Acme") is None
