"""The drawing in docs/design.md shows the moves that the code allows, no more and no fewer."""

import re
from pathlib import Path

from core.tasks import MOVES

DESIGN = Path(__file__).parent.parent / "docs" / "design.md"


def test_the_state_diagram_equals_the_table() -> None:
    drawing = DESIGN.read_text().split("stateDiagram-v2")[1].split("```")[0]
    drawn = set(re.findall(r"(\w+) --> (\w+)", drawing))
    assert drawn == {(str(a), str(b)) for a, to in MOVES.items() for b in to}
