"""One request to GitHub through gidgethub, without its traps.

gidgethub sends the token to whatever host an address names, aiohttp turns a POST that meets a 301 into a GET, and
gidgethub's cache is one dictionary for all tokens. Here every request and every redirect stays on the API's own host
below its own path, a redirect keeps method and body (a renamed repository answers 301, 307 or 308 with
`/repositories/{id}/…`), errors are ours, and answers are remembered per installation, the least used forgotten.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from gidgethub.abc import GitHubAPI
from yarl import URL

from core.clock import Clock
from core.errors import GitHubAway, Refused, StrangeHost
from core.github.problems import problem_of

USER_AGENT = "pdev"
API_VERSION = "2022-11-28"
# GitHub cuts its own requests at 10 s; what takes longer is lost.
_TIMEOUT = aiohttp.ClientTimeout(total=12, connect=5)
_REDIRECTS = 3
_MOVED = (301, 302, 307, 308)

Answer = tuple[str | None, str | None, Any, str | None]
Observer = Callable[[str, int, Mapping[str, str]], None]


class NeverSent(GitHubAway):
    """No connection was made, so the request had no effect and even a POST may be tried again."""

    code = "GITHUB_NOT_REACHED"


@dataclass(frozen=True, slots=True)
class Station:
    """Where requests leave from: one per process."""

    session: aiohttp.ClientSession
    api_url: str
    clock: Clock

    @property
    def graphql_url(self) -> str:
        """https://HOST/api/graphql on an enterprise server, whose REST API is below /api/v3."""
        return self.api_url.removesuffix("/v3") + "/graphql"


class Wire(GitHubAPI):
    """gidgethub's calls, for one request with one credential (its JWT and token arguments are not used)."""

    def __init__(
        self, station: Station, credential: str, *, observe: Observer, cache: MutableMapping[str, Answer] | None = None
    ) -> None:
        super().__init__(USER_AGENT, cache=cache, base_url=station.api_url)
        self._station = station
        self._credential = credential
        self._observe = observe
        self._home = URL(station.api_url)
        self._graphql = URL(station.graphql_url)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        target = URL(url, encoded=True)
        sent = dict(headers) | {"authorization": f"Bearer {self._credential}", "x-github-api-version": API_VERSION}
        if method == "GET":
            sent.pop("content-length", None)
        for _ in range(_REDIRECTS + 1):
            self._check_home(target)
            status, answered, answer = await self._exchange(method, target, sent, body)
            if status not in _MOVED or "location" not in answered or (status == 302 and method != "GET"):
                break
            target = target.join(URL(answered["location"], encoded=True))
        else:
            raise Refused(f"GitHub sent {method} {url} in circles.", status=status)
        if status in (200, 201, 202, 204) or (status == 304 and method == "GET"):
            return status, answered, answer
        what = f"{method} {target.path}"
        raise problem_of(status, answered, answer, what=what, now_s=self._station.clock.now_ms() / 1000)

    def _check_home(self, target: URL) -> None:
        """Raise `StrangeHost` unless the address is below the API's; the token goes nowhere else."""
        below = target.raw_path.startswith(self._home.raw_path.rstrip("/") + "/")
        if target.origin() != self._home.origin() or not (below or target == self._graphql):
            raise StrangeHost(f"GitHub pointed to {target.origin()}{target.raw_path}, which is not its API.")

    async def _exchange(
        self, method: str, target: URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        request = self._station.session.request(
            method, target, headers=headers, data=body or None, allow_redirects=False, timeout=_TIMEOUT
        )
        try:
            async with request as response:
                answer = await response.read()
        except aiohttp.ClientConnectorError as error:
            raise NeverSent(f"GitHub cannot be reached at {self._home}: {error.strerror or error}.") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise GitHubAway(
                f"GitHub did not answer {method} {target.path}: {error or type(error).__name__}."
            ) from error
        self._observe(method, response.status, response.headers)
        return response.status, response.headers, answer


class AnswerCache:
    """The newest answers that carried an ETag, for all installations; one cannot be handed what another fetched."""

    def __init__(self, size: int = 512) -> None:
        self._size = size
        self._answers: OrderedDict[tuple[int, str], Answer] = OrderedDict()

    def of(self, installation_id: int) -> MutableMapping[str, Answer]:
        return _InstallationAnswers(self, installation_id)

    def find(self, key: tuple[int, str]) -> Answer:
        self._answers.move_to_end(key)
        return self._answers[key]

    def keep(self, key: tuple[int, str], answer: Answer) -> None:
        self._answers[key] = answer
        self._answers.move_to_end(key)
        while len(self._answers) > self._size:
            self._answers.popitem(last=False)

    def forget(self, key: tuple[int, str]) -> None:
        del self._answers[key]

    def addresses(self, installation_id: int) -> list[str]:
        return [address for owner, address in self._answers if owner == installation_id]


class _InstallationAnswers(MutableMapping[str, Answer]):
    def __init__(self, cache: AnswerCache, installation_id: int) -> None:
        self._cache = cache
        self._installation_id = installation_id

    def __getitem__(self, address: str) -> Answer:
        return self._cache.find((self._installation_id, address))

    def __setitem__(self, address: str, answer: Answer) -> None:
        self._cache.keep((self._installation_id, address), answer)

    def __delitem__(self, address: str) -> None:
        self._cache.forget((self._installation_id, address))

    def __iter__(self) -> Iterator[str]:
        return iter(self._cache.addresses(self._installation_id))

    def __len__(self) -> int:
        return len(self._cache.addresses(self._installation_id))
