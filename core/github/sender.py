"""One call, from the budget to a typed answer: the order in which everything that may go wrong is met.

Budget, token, request; a rejected token is minted again once; a token so young that GitHub's replicas may not know it
is given a few seconds; limits and outages are waited for, but only as long as the caller has patience, and a call
that may have had its effect is not repeated. What remains is an error that says who must act.
"""

import asyncio
import contextlib
import random as chance
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from gidgethub import GitHubException, QueryError
from tenacity import AsyncRetrying

from core.errors import (
    BadCredentials,
    BadReference,
    Forbidden,
    GitHubAway,
    NotFound,
    OperatorError,
    RateLimited,
    SecondaryLimited,
)
from core.github.budget import Budget, Kind, Rate
from core.github.calls import LIST_REPOSITORIES, Call
from core.github.patience import Patience, TokenLag, may_try_again
from core.github.problems import query_problem
from core.github.tokens import AppKey, Scope, Token, Tokens
from core.github.wire import AnswerCache, Station, Wire
from core.metrics import Metrics

T = TypeVar("T")

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Office:
    """What all callers of one process share. `patience_s`: how long one call may wait before it gives up."""

    station: Station
    budget: Budget
    metrics: Metrics
    answers: AnswerCache = field(default_factory=AnswerCache)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = chance.random
    patience_s: float = 10


class Sender:
    """Makes calls as one identity: the App (by JWT) or an installation (by token)."""

    def __init__(
        self,
        office: Office,
        key: AppKey,
        *,
        tokens: Tokens | None = None,
        scope: Scope | None = None,
        patience_s: float | None = None,
    ) -> None:
        self._patience = Patience(office.patience_s if patience_s is None else patience_s, office.random)
        self._office = office
        self._key = key
        self._tokens = tokens
        self.scope = scope
        self._who = "app" if scope is None else str(scope.installation_id)

    async def get(self, call: Call, kind: type[T], values: Mapping[str, Any] = NOTHING) -> T:
        """One object."""
        return typed(await self._ask(call, values, lambda wire: wire.getitem(call.path, values)), kind, call)

    async def get_all(
        self,
        call: Call,
        kind: type[T],
        values: Mapping[str, Any] = NOTHING,
        *,
        key: str | None = None,
        until: Callable[[Any], bool] | None = None,
    ) -> list[T]:
        """All objects of all pages, or those before the first for which `until` holds.

        `key` names the list where GitHub wraps it in an object.
        """
        values = {"per_page": 100, **values}

        async def all_pages(wire: Wire) -> list[Any]:
            items = []
            async with contextlib.aclosing(wire.getiter(call.path, values, iterable_key=key)) as pages:
                async for item in pages:
                    if until is not None and until(item):
                        break
                    items.append(item)
            return items

        return typed(await self._ask(call, values, all_pages), list[kind], call)  # type: ignore[valid-type]

    async def send(
        self,
        call: Call,
        kind: type[T],
        values: Mapping[str, Any] = NOTHING,
        data: Mapping[str, Any] | None = None,
        *,
        budget: Kind = "end",
    ) -> T:
        """A change. `budget` says how important it is when the content budget runs low."""
        act = {"POST": _post, "PATCH": _patch, "PUT": _put, "DELETE": _delete}[call.method]
        answer = await self._ask(call, values, lambda wire: act(wire, call.path, values, data), budget=budget)
        return typed(answer, kind, call)

    async def query(self, call: Call, document: str, *, budget: Kind = "end", **variables: Any) -> Any:
        """A GraphQL document; the answer's `data`."""

        async def ask(wire: Wire) -> Any:
            try:
                return await wire.graphql(document, endpoint=self._office.station.graphql_url, **variables)
            except QueryError as error:
                raise query_problem(error.response.get("errors") or [], what=call.path) from error

        return await self._ask(call, variables, ask, budget=budget)

    async def token(self) -> Token:
        assert self._tokens is not None, "the App itself has no installation token"
        assert self.scope is not None
        return await self._tokens.get(self.scope)

    async def _ask(
        self, call: Call, values: Mapping[str, Any], act: Callable[[Wire], Awaitable[Any]], *, budget: Kind = "end"
    ) -> Any:
        _check_values(values)
        retrying = AsyncRetrying(
            sleep=self._office.sleep,
            retry=lambda state: may_try_again(state, call, budget),
            wait=self._patience.wait,
            stop=self._patience.is_over,
            reraise=True,
        )
        try:
            return await retrying(self._once, call, act, budget)
        except TokenLag as lag:
            raise lag.refusal from None

    async def _once(self, call: Call, act: Callable[[Wire], Awaitable[Any]], budget: Kind) -> Any:
        await self._office.budget.take(self._who, budget if call.content else None)
        if call.content:
            counted = "pdev_github_content_writes_total"
            self._office.metrics.counter(counted, "Content writes sent to GitHub", ["kind"]).labels(budget).inc()
        if self._tokens is None or self.scope is None:
            return await self._through(self._key.jwt(), act)
        token = await self._tokens.get(self.scope)
        try:
            return await self._with(token, act)
        except BadCredentials:
            # Revoked, or the App's permissions changed: GitHub ends tokens before their time.
            self._tokens.forget(self.scope, token)
            return await self._with(await self._tokens.get(self.scope), act)

    async def _with(self, token: Token, act: Callable[[Wire], Awaitable[Any]]) -> Any:
        try:
            answer = await self._through(token.value.reveal(), act)
        except (NotFound, Forbidden) as refusal:
            if not token.is_young(self._office.station.clock.now_ms()):
                raise
            if not await self._is_known(token):
                raise TokenLag(refusal) from refusal
            answer = await self._through(token.value.reveal(), act)
        token.is_proven = True
        return answer

    async def _is_known(self, token: Token) -> bool:
        """Whether GitHub accepts the token for what every token may do; then a refusal was meant."""
        await self._office.budget.take(self._who, None)
        try:
            await self._through(
                token.value.reveal(), lambda wire: wire.getitem(LIST_REPOSITORIES.path, {"per_page": 1})
            )
        except (NotFound, Forbidden, BadCredentials):
            return False
        token.is_proven = True
        return True

    async def _through(self, credential: str, act: Callable[[Wire], Awaitable[Any]]) -> Any:
        cache = self._office.answers.of(self.scope.installation_id) if self.scope else None
        wire = Wire(self._office.station, credential, observe=self._observe, cache=cache)
        started = time.perf_counter()
        try:
            return await act(wire)
        except (RateLimited, SecondaryLimited) as limit:
            await self._office.budget.pause(self._who, limit.retry_after or 0)
            raise
        except (GitHubException, ValueError, LookupError) as error:
            raise GitHubAway(f"GitHub's answer cannot be read: {error}") from error
        finally:
            seconds = self._office.metrics.seconds("pdev_github_call_seconds", "Time of calls to GitHub, without waits")
            seconds.observe(time.perf_counter() - started)

    def _observe(self, method: str, status: int, headers: Mapping[str, str]) -> None:
        metrics = self._office.metrics
        metrics.counter("pdev_github_requests_total", "Requests to GitHub", ["method", "status"]).labels(
            method, str(status)
        ).inc()
        rate = Rate.from_headers(headers)
        if rate is not None:
            self._office.budget.saw(self._who, rate)
            metrics.gauge("pdev_github_remaining", "Requests left this hour", ["who"]).labels(self._who).set(
                rate.remaining
            )


def _check_values(values: Mapping[str, Any]) -> None:
    """Refuse what would climb out of the call's path; everything else is percent-encoded."""
    for name, value in values.items():
        for part in value if isinstance(value, list | tuple) else [value]:
            if str(part) in ("", ".", "..") and name not in ("ref", "labels"):
                raise BadReference(f"“{part}” is no {name}.", "Check the name.")


def typed(answer: Any, kind: type[T], call: Call) -> T:
    """GitHub's answer as our type; raises `OperatorError` when a field is missing or is not what it was."""
    try:
        return msgspec.convert(answer, type=kind)
    except msgspec.ValidationError as error:
        raise OperatorError(
            f"GitHub's answer to {call.method} {call.path} is not what pdev knows: {error}.",
            "Check GITHUB_API_URL, or update pdev.",
            code="UNREADABLE_ANSWER",
        ) from error


async def _post(wire: Wire, path: str, values: Mapping[str, Any], data: Mapping[str, Any] | None) -> Any:
    return await wire.post(path, values, data=b"" if data is None else data)


async def _patch(wire: Wire, path: str, values: Mapping[str, Any], data: Mapping[str, Any] | None) -> Any:
    return await wire.patch(path, values, data=data)


async def _put(wire: Wire, path: str, values: Mapping[str, Any], data: Mapping[str, Any] | None) -> Any:
    return await wire.put(path, values, data=b"" if data is None else data)


async def _delete(wire: Wire, path: str, values: Mapping[str, Any], data: Mapping[str, Any] | None) -> None:
    await wire.delete(path, values, data=b"" if data is None else data)
