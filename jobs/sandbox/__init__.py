"""Where agents and the repository's own tests run: apart from the host, without a network, a key or a neighbour.

`Sandbox.probe` tries to get out of it before any agent runs. `Sandbox.spawn` starts a program and gives a `Process`
whose output is capped and whose end is certain.
"""

from jobs.sandbox.bubblewrap import Bubblewrap, find_bubblewrap
from jobs.sandbox.contract import Check, Limits, ProbeReport, Sandbox, SandboxError, SandboxSpec, Surroundings
from jobs.sandbox.plain import NoSandbox
from jobs.sandbox.process import OutputTooLarge, Process, StillAlive
from jobs.sandbox.runtime import Runtime, this_python
from jobs.sandbox.toolchains import Toolchains, find_toolchains

__all__ = [
    "Bubblewrap",
    "Check",
    "Limits",
    "NoSandbox",
    "OutputTooLarge",
    "ProbeReport",
    "Process",
    "Runtime",
    "Sandbox",
    "SandboxError",
    "SandboxSpec",
    "StillAlive",
    "Surroundings",
    "Toolchains",
    "find_bubblewrap",
    "find_toolchains",
    "this_python",
]
