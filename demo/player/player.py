#!/usr/bin/env python3
"""The player: an agent without ideas of its own, so that the machinery around agents can be watched and tested.

It runs inside the sandbox exactly like a model-driven agent. It gets its order on stdin, asks a cue server (a unix
socket named in PDEV_CUE) what to do, does one step at a time for real (edits files, runs commands), tells the host
about it in JSON lines on stdout, and hands in the answer it was told to hand in. What the host tells it meanwhile, also
on stdin, it passes on to the cue server with its next reply. Standard library only, one file.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Step = dict[str, Any]
Answer = dict[str, Any]
TAIL = 4000  # characters of a command's output that are passed on


class Over(Exception):
    """The script ended the run; the argument is the exit code."""


class Ears:
    """What the host says on stdin, one line of JSON each; the first `known` of what was `heard` have been passed on."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.rest = b""
        self.over = False
        self.heard: list[Answer] = []
        self.known = 0

    def line(self, wait_s: float | None = None) -> str:
        """The next line; empty when there is none within `wait_s` (None: for as long as it takes) or ever."""
        while b"\n" not in self.rest and not self.over:
            if not select.select([self.descriptor], [], [], wait_s)[0]:
                return ""
            piece = os.read(self.descriptor, 1 << 16)
            self.rest += piece
            self.over = not piece
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode("utf-8", "replace")

    def hear(self, *kinds: str) -> Answer | None:
        """Wait for something of these kinds; None when the host says nothing any more."""
        while line := self.line():
            said = dict(json.loads(line))
            self.heard.append(said)
            if said.get("type") in kinds:
                return said
        return None

    def catch_up(self) -> None:
        """Take in what has been said, without waiting for more."""
        while line := self.line(0):
            self.heard.append(json.loads(line))

    def news(self) -> list[Answer]:
        news, self.known = self.heard[self.known :], len(self.heard)
        return news


EARS = Ears(0)


def tell(kind: str, text: str = "", **more: Any) -> None:
    sys.stdout.write(json.dumps({"type": kind, "text": text, **more}) + "\n")
    sys.stdout.flush()


def edit(step: Step) -> Answer:
    path = Path(step["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(step["text"], encoding="utf-8")
    tell("file_change", step["path"], data={"path": step["path"], "change": "edit"})
    return {"ok": True}


def swap(step: Step) -> Answer:
    path = Path(step["path"])
    before = path.read_text(encoding="utf-8")
    if step["old"] not in before and step["new"] in before:
        return {"ok": True, "detail": "done already"}  # by an earlier attempt, whose work was kept
    if step["old"] not in before:
        return {"ok": False, "detail": f"{step['path']} does not contain {step['old']!r}"}
    path.write_text(before.replace(step["old"], step["new"], 1), encoding="utf-8")
    tell("file_change", step["path"], data={"path": step["path"], "change": "edit"})
    return {"ok": True}


def delete(step: Step) -> Answer:
    Path(step["path"]).unlink()
    tell("file_change", step["path"], data={"path": step["path"], "change": "delete"})
    return {"ok": True}


def run(step: Step) -> Answer:
    command = list(step["command"])
    tell("tool_call", " ".join(command), tool="run")
    done = subprocess.run(  # noqa: S603 - running what the script says is this program's purpose, in its sandbox
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    output = done.stdout.decode("utf-8", "replace")[-TAIL:]
    tell("tool_result", f"exit {done.returncode}", tool="run", data={"code": done.returncode, "output": output})
    wanted = step["expect"]
    ok = wanted is None or done.returncode == wanted
    return {"ok": ok, "code": done.returncode, "output": output, "detail": "" if ok else output[-500:]}


def say(step: Step) -> Answer:
    tell("text", step["text"])
    return {"ok": True}


def progress(step: Step) -> Answer:
    tell("progress", step["phase"], data={"percent": step["percent"], "phase": step["phase"]})
    return {"ok": True}


def plan(step: Step) -> Answer:
    tell("plan", data={"items": step["items"]})
    return {"ok": True}


def wait(step: Step) -> Answer:
    time.sleep(step["ms"] / 1000)
    return {"ok": True}


def spend(step: Step) -> Answer:
    numbers = {name: step[name] for name in ("tokens_in", "tokens_out", "usd", "turns")}
    tell("usage", **numbers)
    return {"ok": True}


def hand_in(step: Step) -> Answer:
    """An answer is judged at once; where nobody judges it, nobody minds."""
    tell("result", data=step["data"])
    verdict = EARS.hear("accepted", "invalid")
    if verdict is None or verdict["type"] == "accepted":
        return {"ok": True}
    return {"ok": False, "detail": "; ".join(f"{e['path']}: {e['what']}" for e in verdict["errors"])}


def listen(step: Step) -> Answer:
    """Wait until the host says something of this kind; what was said before counts as well."""
    kind = step["kind"]
    EARS.catch_up()
    said = next((one for one in EARS.heard if one.get("type") == kind), None) or EARS.hear(kind)
    return {"ok": said is not None, "detail": json.dumps(said) if said else f"nobody said {kind}"}


def be_deaf(_step: Step) -> Answer:
    """From now on nothing is read, as by an agent that has no way to listen."""
    EARS.over = True
    return {"ok": True}


def fail(step: Step) -> Answer:
    tell("error", step["message"])
    raise Over(1)


def crash(step: Step) -> Answer:
    os.kill(os.getpid(), step["signal"])
    raise Over(1)


def ignore_term(_step: Step) -> Answer:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return {"ok": True}


def flood(step: Step) -> Answer:
    piece = ("x" * 1023 + "\n") if step["in_lines"] else "x" * 1024
    for _ in range(step["kilobytes"]):
        sys.stdout.write(piece)
    sys.stdout.flush()
    return {"ok": True}


def fork_away(step: Step) -> Answer:
    """A child in its own session that outlives everything, unless the sandbox is one."""
    child = subprocess.Popen(  # noqa: S603
        step["command"], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return {"ok": True, "code": child.pid}


def read(step: Step) -> Answer:
    return {"ok": True, "output": Path(step["path"]).read_text(encoding="utf-8", errors="replace")[:TAIL]}


def connect(step: Step) -> Answer:
    with socket.create_connection((step["host"], step["port"]), timeout=2):
        return {"ok": True}


def end(_step: Step) -> Answer:
    raise Over(0)


DOES: dict[str, Callable[[Step], Answer]] = {
    "edit": edit, "swap": swap, "delete": delete, "run": run, "say": say, "progress": progress, "plan": plan,
    "wait": wait, "spend": spend, "hand_in": hand_in, "fail": fail, "crash": crash, "ignore_term": ignore_term,
    "flood": flood, "fork_away": fork_away, "read": read, "connect": connect, "end": end,
    "listen": listen, "be_deaf": be_deaf,
}  # fmt: skip


def play(order: str, address: str) -> int:
    """Obey the cue server until it ends the run; the exit code says whether an answer was handed in."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(address)
        cues = line.makefile("rw", encoding="utf-8", newline="\n")
        cues.write(order.strip() + "\n")
        cues.flush()
        for cue in cues:
            step = json.loads(cue)
            try:
                answer = DOES[step["do"]](step)
            except Over as over:
                return int(over.args[0])
            except OSError as error:
                answer = {"ok": False, "detail": f"{type(error).__name__}: {error}"}
            EARS.catch_up()
            cues.write(json.dumps(answer | {"told": EARS.news()}) + "\n")
            cues.flush()
    sys.stderr.write("the cue server went away\n")
    return 3


if __name__ == "__main__":
    sys.exit(play(EARS.line(), os.environ["PDEV_CUE"]))
