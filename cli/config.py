"""`pdev config check FILE`: what GitHub's checks would say about a `pdev.yml`, before it is pushed."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.errors import UserError
from core.messages.config import CHECKED, NOT_A_FILE, NOT_UTF8, Source, at_place, not_readable
from core.messages.inforce import Row, rows
from core.repoconfig import Broken, Effective, in_force, read


def check(file: Path) -> int:
    """Print every problem (1) or what would be in force (0). Raises `UserError` when the file cannot be read."""
    found = in_force(read(_text(file)))
    console = Console(highlight=False, soft_wrap=True)
    if isinstance(found, Broken):
        for problem in found.problems:
            console.print(at_place(str(file), problem), markup=False)
        return 1
    console.print(CHECKED, markup=False)
    console.print(_table(found))
    return 0


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise _cannot(file, NOT_UTF8) from error
    except IsADirectoryError as error:
        raise _cannot(file, NOT_A_FILE) from error
    except OSError as error:
        raise _cannot(file, error.strerror or type(error).__name__) from error


def _cannot(file: Path, why: str) -> UserError:
    sentence, step = not_readable(str(file), why)
    return UserError(sentence, step, code="CONFIG_FILE")


def _table(found: Effective) -> Table:
    table = Table("key", "value", "from")
    for row in rows(found, Source("", "")):
        table.add_row(*_plain(row), style="dim" if row.is_default else "")
    return table


def _plain(row: Row) -> tuple[str, ...]:
    """Without Markdown's marks, and nothing in it for rich to read as its own."""
    return tuple(text.replace("`", "").replace("[", "\\[") for text in (row.key, row.value, row.source))
