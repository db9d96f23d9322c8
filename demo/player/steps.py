"""The words of a script: what a player can be told to do, and where the cue server keeps it waiting.

Plain functions that return frozen data, so that a script reads like a list of what happens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from signal import SIGKILL
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One thing for the player to do; `fields` are its details. A `vital` step that fails fails the run."""

    do: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    vital: bool = True

    def wire(self) -> dict[str, Any]:
        return {"do": self.do, **self.fields}


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait here, silent, until `CueServer.release(name)`."""

    name: str


@dataclass(frozen=True, slots=True)
class Barrier:
    """Wait here until `parties` players wait at the same time; then it stays open."""

    name: str
    parties: int


Cue = Step | Hold | Barrier


def edit(path: str, text: str) -> Step:
    """Write a whole file (its folders too)."""
    return Step("edit", {"path": path, "text": text})


def swap(path: str, old: str, new: str) -> Step:
    """Replace the first `old` by `new`, unless an earlier attempt has; the run fails when neither is there."""
    return Step("swap", {"path": path, "old": old, "new": new})


def delete(path: str) -> Step:
    """Delete a file; the run fails when it is not there."""
    return Step("delete", {"path": path})


def run(*command: str, expect: int | None = 0) -> Step:
    """Run a command in the worktree; the run fails when its exit code is not `expect` (None: any is fine)."""
    return Step("run", {"command": list(command), "expect": expect})


def say(text: str) -> Step:
    return Step("say", {"text": text})


def progress(percent: int, phase: str = "") -> Step:
    """Say how far along the stage is, 0 to 100."""
    return Step("progress", {"percent": percent, "phase": phase})


def plan(*items: str, done: int = 0) -> Step:
    """Tell the plan, of which the first `done` steps are done."""
    return Step("plan", {"items": [{"title": title, "done": n < done} for n, title in enumerate(items)]})


def wait(ms: int) -> Step:
    """Work on something for so many milliseconds."""
    return Step("wait", {"ms": ms})


def spend(tokens_in: int = 0, tokens_out: int = 0, usd: float = 0.0, turns: int = 0) -> Step:
    """Report usage, added to what was reported before."""
    return Step("spend", {"tokens_in": tokens_in, "tokens_out": tokens_out, "usd": usd, "turns": turns})


def result(**data: Any) -> Step:
    """Hand in an answer as it is, also a wrong one. The last one counts; its reply says whether it fits."""
    return hand_in(data)


def hand_in(data: Any) -> Step:
    """As `result`, for an answer that is not even an object."""
    return Step("hand_in", {"data": data}, vital=False)


def listen(kind: str) -> Step:
    """Wait until pdev says something of this kind (`near_limit`); `scene.told` holds all that it said."""
    return Step("listen", {"kind": kind})


def be_deaf() -> Step:
    """Read nothing any more, whatever pdev says."""
    return Step("be_deaf")


def done(summary: str, notes: str = "", *, tested: str = "") -> Step:
    """The developer's answer."""
    more: dict[str, Any] = {"tested": tested} if tested else {}
    return result(summary=summary, notes=notes, **more)


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding of a scripted reviewer."""

    text: str
    file: str = ""
    line: int = 0
    severity: str = "medium"
    type: str = "bug"
    id: str = ""
    suggested_fix: str | None = None
    end_line: int = 0
    replacement: str | None = None


def verdict(
    word: str, *faults: Fault, summary: str = "", requirements: Mapping[str, str] | None = None,
    remarks: Sequence[str] = (),
) -> Step:  # fmt: skip
    """The reviewer's answer: `approved` or `corrections_needed`; `requirements`: each → met, partly, missing."""
    more: dict[str, Any] = {"remarks": list(remarks)} if remarks else {}
    if requirements:
        more["requirements"] = [{"requirement": name, "status": status} for name, status in requirements.items()]
    return result(verdict=word, findings=[asdict(fault) for fault in faults], summary=summary, **more)


def fixed(
    *ids: str, how: str = "Fixed.", unfixable: Mapping[str, str] | None = None, tested: str = "", notes: str = ""
) -> Step:
    """The corrector's answer: these findings are fixed, those are not (id → why)."""
    return result(
        tested=tested,
        notes=notes,
        fixed=[{"id": one, "how": how} for one in ids],
        unfixable=[{"id": one, "why": why} for one, why in (unfixable or {}).items()],
    )


def final(
    title: str, body: str, tested: str = "", *, changelog: str = "", checklist: Mapping[str, bool] | None = None
) -> Step:
    """The finalizer's answer; `checklist`: line → done."""
    more: dict[str, Any] = {"changelog": changelog} if changelog else {}
    if checklist:
        more["checklist"] = [{"text": text, "done": is_done} for text, is_done in checklist.items()]
    return result(title=title, body=body, tested=tested, **more)


def ask(question: str) -> Step:
    """End with a question instead of an answer."""
    return result(question=question)


def fail(message: str) -> Step:
    """Say that it went wrong, and end."""
    return Step("fail", {"message": message})


def crash(signal: int = SIGKILL) -> Step:
    """Die by a signal."""
    return Step("crash", {"signal": int(signal)})


def ignore_term() -> Step:
    """Ignore polite requests to end."""
    return Step("ignore_term")


def flood(kilobytes: int, *, in_lines: bool = True) -> Step:
    """Print so much, in lines or as one endless line."""
    return Step("flood", {"kilobytes": kilobytes, "in_lines": in_lines})


def fork_away(*command: str) -> Step:
    """Start a command in a session of its own and leave it behind."""
    return Step("fork_away", {"command": list(command)}, vital=False)


def read(path: str) -> Step:
    """Try to read a file; the answer says what came of it."""
    return Step("read", {"path": path}, vital=False)


def connect(host: str, port: int) -> Step:
    """Try to connect; the answer says what came of it."""
    return Step("connect", {"host": host, "port": port}, vital=False)


def hold(name: str) -> Hold:
    return Hold(name)


def barrier(name: str, parties: int) -> Barrier:
    return Barrier(name, parties)
