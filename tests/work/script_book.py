"""What the agents of a story do, written down before they are asked."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from demo.player import Cue, CueServer, Scene, Step, done, edit, final, fixed, verdict

_LAST_WORDS = {"hand_in", "fail", "crash"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Cues for the scenes that fit; None fits all."""

    role: str
    cues: tuple[Cue, ...]
    issue: int | None
    round: int | None
    attempt: int | None

    def fits(self, scene: Scene) -> bool:
        wanted = (self.issue, self.round, self.attempt)
        found = (scene.issue, scene.round, scene.attempt)
        return scene.role == self.role and all(w in (None, f) for w, f in zip(wanted, found, strict=True))


@dataclass
class ScriptBook:
    """The newest entry that fits a scene is played; an agent that nothing was written for does its duty and no more."""

    cues: CueServer
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cues.plays(self._play)

    def plays(
        self, *cues: Cue, role: str = "developer", issue: int | None = None, round: int | None = None,
        attempt: int | None = None,
    ) -> None:  # fmt: skip
        """From now on agents of this role do this; one whose cues hold no answer gives a good one at the end."""
        self.entries.append(Entry(role, cues, issue, round, attempt))

    def _play(self, scene: Scene) -> Iterator[Cue]:
        cues = next((entry.cues for entry in reversed(self.entries) if entry.fits(scene)), ())
        if not cues and scene.role == "corrector":  # one that changes nothing has mended nothing
            yield edit(f"mended-{scene.round}.txt", "x\n")
        yield from cues
        if not any(isinstance(cue, Step) and cue.do in _LAST_WORDS for cue in cues):
            yield _ANSWERS[scene.role]

    async def reached(self, *names: str) -> None:
        """Return when somebody waits at each of these."""
        for name in names:
            await self.cues.reached(name)

    async def release(self, *names: str) -> None:
        for name in names:
            await self.cues.release(name)

    def scenes(self, role: str) -> list[Scene]:
        return [scene for scene in self.cues.played if scene.role == role]


_ANSWERS: dict[str, Step] = {
    "developer": done("It is mended."),
    "reviewer": verdict("approved", summary="Good."),
    "corrector": fixed("F1"),
    "finalizer": final("fix: mend it", "What was wrong is right now.", "By its tests."),
}
