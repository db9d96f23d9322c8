"""What a process writes about itself: one line per event, nothing secret in it, and a thread to follow.

Lines of our own and of libraries (aiohttp, arq) take the same way and are redacted as text, after rendering, so that
no nested object or traceback gets past. A correlation id joins the lines of one delivery, from the webhook to the
last write of a worker; it lives in a context variable, so tasks that run at the same time do not mix theirs.
"""

import contextlib
import logging
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from core.redaction import Redactor

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(level: str, style: str, *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Set up logging for the process: `level` and `style` as in `Settings` (LOG_LEVEL, LOG_FORMAT).

    `secrets`: known values to hide (`Settings.secret_values()`); `stream`: standard error unless given. May be called
    again; the last call counts.
    """
    stream = stream or sys.stderr
    handler = _Handler(stream)
    handler.setFormatter(_Formatter(Redactor(secrets), style, colors=style == "console" and stream.isatty()))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def get(room: str) -> structlog.stdlib.BoundLogger:
    """The logger of a room, for example `get("jobs.sweep")`: `log.info("task taken over", task=…, epoch=…)`."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(room)
    return logger


@contextlib.contextmanager
def correlated(correlation_id: str, **facts: str | int) -> Iterator[None]:
    """Every line written within, in this task and those it starts, carries the id and these facts."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id, **facts):
        yield


def correlation_id() -> str:
    """The id of the work at hand, to hand it on to a job; empty when there is none."""
    return str(structlog.contextvars.get_contextvars().get("correlation_id", ""))


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that `configure` finds it again."""


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def __init__(self, redact: Redactor, style: str, *, colors: bool) -> None:
        render: list[Processor]
        if style == "console":
            # Not rich's tracebacks: they show local variables.
            plain = structlog.dev.plain_traceback
            render = [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
        else:
            render = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
        super().__init__(
            processors=[_add_room, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
            foreign_pre_chain=_SHARED,
        )
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def _add_room(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        event["room"] = record.name
    return event
