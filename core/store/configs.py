"""What was last seen of each repository's configuration, as far as other processes need it without reading it again.

The scheduler serves all repositories and must not ask GitHub for each. So whoever reads a configuration says here how
many agents it allows, and a change of it is an event that rings for a new plan.
"""

from collections.abc import Iterable

import msgspec

from core.budget import of_repository
from core.repoconfig import Effective
from core.schedule import Caps
from core.store.scripts import Room
from core.store.spending import keep_budgets

_AGE_MS = 90 * 86_400_000
"""Each attempt and each label renews it; a repository without either for so long has no task that waits."""
_OWNER_AGE_MS = 5 * 60_000
_DEFAULT = Effective()


class OwnerFile(msgspec.Struct, frozen=True):
    """The file of an owner's `.github` repository; None: there is none for us."""

    text: str | None


class Configs(Room):
    """The part of the store that knows which configuration was seen last."""

    async def saw_config(self, repo_id: int, effective: Effective) -> bool:
        """Say what is in force now. True, with an event, when that differs from what was seen before."""
        await keep_budgets(self._redis, repo_id, of_repository(effective.config))
        default, cap = _DEFAULT.config.max_agents, effective.config.max_agents
        return bool(await self._scripts(
            "saw_config", str(repo_id), effective.digest, _DEFAULT.digest, str(cap), str(default), _AGE_MS
        ))  # fmt: skip

    async def config_sightings(self, repo_id: int) -> int:
        """How often a configuration without mistakes was seen; it grows with each."""
        return int(await self._redis.hget(f"pdev:config:{repo_id}", "seen") or 0)  # type: ignore[misc]

    async def caps(self, repo_ids: Iterable[int]) -> Caps:
        """How many agents each of these repositories may have at work."""
        asked = sorted(set(repo_ids))
        async with self._redis.pipeline(transaction=False) as pipe:
            for repo_id in asked:
                pipe.hget(f"pdev:config:{repo_id}", "max_agents")
            found = await pipe.execute()
        return Caps(of={repo_id: int(cap) for repo_id, cap in zip(asked, found, strict=True) if cap})

    async def owner_file(self, installation_id: int, owner: str) -> OwnerFile | None:
        """What `keep_owner_file` kept in the last five minutes; None when GitHub must be asked."""
        found = await self._redis.get(_owner_key(installation_id, owner))
        return msgspec.json.decode(found, type=OwnerFile) if found else None

    async def keep_owner_file(self, installation_id: int, owner: str, file: OwnerFile) -> None:
        await self._redis.set(_owner_key(installation_id, owner), msgspec.json.encode(file), px=_OWNER_AGE_MS)

    async def forget_owner_file(self, installation_id: int, owner: str) -> None:
        """It was pushed to: the next who needs it asks GitHub."""
        await self._redis.delete(_owner_key(installation_id, owner))


def _owner_key(installation_id: int, owner: str) -> str:
    return f"pdev:config:owner:{installation_id}:{owner.lower()}"
