"""A repository made ready: its dependencies installed once in the sandbox, and shown to agents and gates read-only.

Setup runs programs that the repository names, with a way out to package registries; agents and gates have none. What
an agent may change must never become what another task reads: only setup from the base branch's own files fills what
tasks share, and a task that changes a manifest or lock file gets an environment of its own.
"""

from jobs.setup.look import Seen, look
from jobs.setup.prepare import Failure, Prepared, Setup, layout_at, prepared, verify_commands
from jobs.setup.shelf import Shelf

__all__ = ["Failure", "Prepared", "Seen", "Setup", "Shelf", "layout_at", "look", "prepared", "verify_commands"]
