"""The truth: task records, leases, sessions, the inbox and the story, in Redis.

Everything that processes must agree on goes through here, and each change is one script on the server, so that a
process may die between any two lines. Every key has an age or a cap; memory that fills up says so before it is full.
"""

from core.schedule import Capacity
from core.store.configs import Configs, OwnerFile
from core.store.doorbells import Doorbells
from core.store.inbox import Entry, Inbox
from core.store.leases import Beat, Leases, Renewer
from core.store.records import (
    CheckSeen,
    Contended,
    Damaged,
    Event,
    Fenced,
    NoSuchTask,
    NotRunning,
    Session,
    SessionState,
    Surface,
    TooNew,
    Unwritable,
    WorkerInfo,
)
from core.store.said import Said
from core.store.spending import Ledgers, Run
from core.store.story import Story
from core.store.surfaces import Surfaces
from core.store.workers import Workers

__all__ = [
    "Beat", "Capacity", "CheckSeen", "Contended", "Damaged", "Entry", "Event", "Fenced", "Inbox",
    "NoSuchTask", "NotRunning", "OwnerFile", "Renewer", "Run", "Session", "SessionState", "Store", "Surface", "TooNew",
    "Unwritable", "WorkerInfo",
]  # fmt: skip


class Store(Leases, Workers, Doorbells, Surfaces, Ledgers, Story, Configs, Said):
    """One face for all of it; each part has its own module. `Store(redis, clock)`."""
