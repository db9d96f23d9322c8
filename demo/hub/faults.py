"""GitHub having a bad day, as data: which call fails, how, how often, and whether its effect happened all the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.hub.errors import GitHubError

_WORDS = {
    500: "Server Error",
    502: "Server Error",
    503: "Service unavailable",
    504: "We couldn't respond to your request in time.",
}


@dataclass(slots=True)
class Fault:
    """`after_effect`: the write is done and only its answer is lost, which a retry must survive."""

    method: str | None
    path_fragment: str
    status: int
    times: int
    headers: Mapping[str, str] = field(default_factory=dict)
    after_effect: bool = False
    message: str | None = None
    has_struck: bool = False

    def error(self) -> GitHubError:
        words = self.message or _WORDS.get(self.status, "Validation Failed" if self.status == 422 else "Error")
        return GitHubError(self.status, words, headers=self.headers)


@dataclass(slots=True)
class Delay:
    path_fragment: str
    seconds: float
    times: int | None = None


@dataclass(slots=True)
class Faults:
    """What is planned to go wrong. Whatever comes over HTTP meets it, git and pages too; people acting through
    `hub.as_user` do not."""

    planned: list[Fault] = field(default_factory=list)
    delays: list[Delay] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    """`METHOD path -> status` of every fault that struck."""

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that this call meets, used up by it."""
        for fault in self.planned:
            if fault.times > 0 and fault.method in (None, method) and fault.path_fragment in path:
                fault.times -= 1
                fault.has_struck = True
                self.met.append(f"{method} {path} -> {fault.status}")
                return fault
        return None

    def delay(self, path: str) -> float:
        """Seconds to wait before answering this call."""
        waited = 0.0
        for one in self.delays:
            if one.path_fragment in path and one.times != 0:
                one.times = None if one.times is None else one.times - 1
                waited += one.seconds
        return waited

    @property
    def unmet(self) -> list[Fault]:
        """Planned and not met as often as planned."""
        return [fault for fault in self.planned if fault.times > 0]

    @property
    def in_vain(self) -> list[str]:
        """Planned and never met: a story that waits for a fault that cannot happen is a mistake."""
        return [f"{one.method or 'any'} …{one.path_fragment}… -> {one.status}"
                for one in self.planned if not one.has_struck]  # fmt: skip
