"""A coding agent that plays a script: what makes the demonstration and the stories repeatable.

`PLAYER` is the program that runs in the sandbox, `CueServer` serves it its script, and the step functions are the
words that scripts are written in.
"""

from pathlib import Path

from demo.player.cues import CueServer, Reply, Scene, Script, ScriptFor
from demo.player.steps import (
    Barrier,
    Cue,
    Fault,
    Hold,
    Step,
    ask,
    barrier,
    connect,
    crash,
    delete,
    done,
    edit,
    fail,
    final,
    fixed,
    flood,
    fork_away,
    hold,
    ignore_term,
    plan,
    progress,
    read,
    result,
    run,
    say,
    spend,
    swap,
    verdict,
    wait,
)

PLAYER = Path(__file__).with_name("player.py")

__all__ = [
    "PLAYER",
    "Barrier",
    "Cue",
    "CueServer",
    "Fault",
    "Hold",
    "Reply",
    "Scene",
    "Script",
    "ScriptFor",
    "Step",
    "ask",
    "barrier",
    "connect",
    "crash",
    "delete",
    "done",
    "edit",
    "fail",
    "final",
    "fixed",
    "flood",
    "fork_away",
    "hold",
    "ignore_term",
    "plan",
    "progress",
    "read",
    "result",
    "run",
    "say",
    "spend",
    "swap",
    "verdict",
    "wait",
]
