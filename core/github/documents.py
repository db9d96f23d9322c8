"""The GraphQL documents that pdev sends: only what REST cannot do. The suite checks each against GitHub's schema."""

MARK_READY = """
mutation MarkReady($pull: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $pull}) {
    pullRequest { isDraft }
  }
}
"""

DOCUMENTS = (MARK_READY,)
