"""Golden files: what people read, kept beside the tests, so that a change of words is seen in review.

`UPDATE_GOLDEN=1 python -m pytest …` writes them anew.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def golden(name: str, text: str) -> None:
    """Compare with `tests/golden/<name>.md`."""
    path = FOLDER / f"{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    kept = path.read_text(encoding="utf-8") if path.exists() else None
    assert text == kept, f"{name} reads differently now; look at it, then UPDATE_GOLDEN=1"
