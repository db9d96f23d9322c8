"""What each role is told: one template per role, strict about what it may name, and what pdev adds to all of them.

A repository may put a text of its own in the place of a role's template (`.github/pdev/prompts`). Everything that keeps
an agent to its task is added behind it in any case: the rules, the issue as it was when a permitted person triggered
it, the words of permitted people, each between fences that no text can close, and the schema of the answer.
"""

from jobs.prompts.compose import MAX_DIFF, OVERRIDES, SHAPES, Material, Override, Said, facts, prompt
from jobs.prompts.guidance import FILES, Guidance, guidance
from jobs.prompts.template import BadTemplate, Mistake, render
from jobs.prompts.text import MAX_BODY, visible

__all__ = [
    "FILES",
    "MAX_BODY",
    "MAX_DIFF",
    "OVERRIDES",
    "SHAPES",
    "BadTemplate",
    "Guidance",
    "Material",
    "Mistake",
    "Override",
    "Said",
    "facts",
    "guidance",
    "prompt",
    "render",
    "visible",
]
