"""What an attempt has on its bench: the task as last saved, its worktree, its pull request, an agent to call."""

from jobs.bench.bench import Bench, Tools
from jobs.bench.recording import Transcripts

__all__ = ["Bench", "Tools", "Transcripts"]
