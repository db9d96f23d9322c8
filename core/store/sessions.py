"""Sessions: at most one open per repository, closed exactly once, when everything in it is settled."""

from datetime import datetime

import msgspec
from msgspec.structs import replace

from core.store.records import Session, SessionState
from core.store.scripts import Room


class Sessions(Room):
    """The part of the store that holds sessions."""

    async def join_session(self, repo_id: int, owner: str, repo: str, now: datetime | None = None) -> Session:
        """The repository's open session, or a new one that starts `now` (by default the clock's)."""
        now = now or self._clock.now()
        new = Session(repo_id=repo_id, owner=owner, repo=repo, started_ms=round(now.timestamp() * 1000))
        name = await self._scripts("join_session", str(repo_id), f"{now:%Y-%m-%d}", msgspec.json.encode(new))
        session = await self.session(name.decode())
        return session or await self.join_session(repo_id, owner, repo, now)

    async def session(self, session_id: str) -> Session | None:
        """None for one that does not exist or was closed more than 30 days ago."""
        fields = await self._redis.hgetall(f"pdev:session:{session_id}")  # type: ignore[misc]
        if not fields:
            return None
        return replace(
            msgspec.json.decode(fields[b"record"], type=Session),
            id=session_id,
            state=SessionState(fields[b"state"].decode()),
            ended_ms=int(fields[b"ended_ms"]) if b"ended_ms" in fields else None,
        )

    async def open_session(self, repo_id: int) -> Session | None:
        name = await self._redis.get(f"pdev:session:open:{repo_id}")
        return await self.session(name.decode()) if name else None

    async def open_sessions(self) -> list[Session]:
        """All of them, oldest first: for the sweep, which closes those that nobody closed."""
        names = await self._redis.smembers("pdev:sessions:open")  # type: ignore[misc]
        found = [await self.session(name.decode()) for name in names]
        return sorted((session for session in found if session), key=lambda s: (s.started_ms, s.id))

    async def session_tasks(self, session_id: str) -> list[str]:
        """The ids of the tasks that were ever in this session, in no order."""
        return [name.decode() for name in await self._redis.smembers(f"pdev:session:{session_id}:tasks")]  # type: ignore[misc]

    async def settle_session(self, repo_id: int) -> Session | None:
        """Close the open session if all its tasks are settled; only the call that closed it gets it.

        It stays in `unreported_sessions` until `session_reported`, so that its report outlives a crash; for a month,
        as its record does, should nobody report it.
        """
        name = (await self._scripts("settle_session", str(repo_id))).decode()
        return await self.session(name) if name else None

    async def unreported_sessions(self) -> list[Session]:
        """Closed sessions whose final report nobody has confirmed, oldest first."""
        found = [await self.session(n.decode()) for n in await self._redis.zrange("pdev:sessions:unreported", 0, -1)]
        return [session for session in found if session]

    async def session_reported(self, session_id: str) -> None:
        await self._redis.zrem("pdev:sessions:unreported", session_id)
