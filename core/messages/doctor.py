"""What `pdev doctor` says about pdev itself, so that an operator reads it before the first issue is labelled."""

CI = (
    "CI runs agent-written code with a repository's secrets once it is on a branch. Private repositories: every round "
    "is pushed (every_push). Public ones: only commits that somebody with push rights approved (approved)."
)
