"""What people read about the prompts of their repository."""

from collections.abc import Sequence

from core.messages import words

_MOST = 10


def broken_override(path: str, branch: str, mistakes: Sequence[tuple[int, str]]) -> str:
    """A role's text in the repository cannot be used. `mistakes`: lines and what is wrong there."""
    listed = "\n".join(f"- line {line}: {words.line(what, 300)}" for line, what in mistakes[:_MOST])
    return (
        f"The prompt {words.code(path, 200)} on {words.code(branch, 200)} cannot be used, so no agent was started:\n\n"
        f"{listed}\n\n"
        f"Mend it there, or delete it to get pdev's own."
    )
