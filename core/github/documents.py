"""The GraphQL documents that pdev sends: only what REST cannot do. The suite checks each against GitHub's schema."""

MARK_READY = """
mutation MarkReady($pull: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $pull}) {
    pullRequest { isDraft }
  }
}
"""

REVIEW_THREADS = """
query ReviewThreads($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 50, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id
          isResolved
          opening: comments(first: 1) { nodes { body author { __typename login } } }
          latest: comments(last: 50) { nodes { body author { __typename login } } }
        }
      }
    }
  }
}
"""

# REST has a call for this too, but not for Apps.
ANSWER_THREAD = """
mutation AnswerThread($thread: ID!, $body: String!) {
  addPullRequestReviewThreadReply(input: {pullRequestReviewThreadId: $thread, body: $body}) {
    comment { id }
  }
}
"""

RESOLVE_THREAD = """
mutation ResolveThread($thread: ID!) {
  resolveReviewThread(input: {threadId: $thread}) {
    thread { isResolved }
  }
}
"""

UNRESOLVE_THREAD = """
mutation UnresolveThread($thread: ID!) {
  unresolveReviewThread(input: {threadId: $thread}) {
    thread { isResolved }
  }
}
"""

DOCUMENTS = (MARK_READY, REVIEW_THREADS, ANSWER_THREAD, RESOLVE_THREAD, UNRESOLVE_THREAD)
