"""The coding agents: one interface, a backend per agent, and the bounds that the host enforces on all of them.

`AgentBackend.run` takes a `RunSpec`, reports `AgentEvent`s as they happen and ends with a `RunResult` whose answer is
one of the typed results, whatever the agent did.
"""

from jobs.agents.answers import answer_schema
from jobs.agents.contract import (
    About,
    AgentBackend,
    AgentEvent,
    Bounds,
    OnEvent,
    Probe,
    RunResult,
    RunSpec,
    RunStatus,
    Usage,
)
from jobs.agents.scripted import ScriptedBackend

__all__ = [
    "About",
    "AgentBackend",
    "AgentEvent",
    "Bounds",
    "OnEvent",
    "Probe",
    "RunResult",
    "RunSpec",
    "RunStatus",
    "ScriptedBackend",
    "Usage",
    "answer_schema",
]
