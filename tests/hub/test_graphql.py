"""GraphQL: the documents that have no REST call, each held against GitHub's schema before it is sent."""

from typing import Any

import pytest

from demo.hub import Hub, Person
from demo.hub.graphql_syntax import SyntaxProblem, read
from demo.hub.state import Pull, node_id
from tests.conftest import Mailbox
from tests.hub.conftest import Wire
from tests.yardstick import check_graphql
from tests.yardstick.judge import Judge

READY = """mutation Ready($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { number isDraft } }
}"""
DRAFT = "mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { isDraft } } }"
RESOLVE = """mutation($id: ID!) {
  resolveReviewThread(input: {threadId: $id, clientMutationId: "x"}) { clientMutationId thread { id isResolved } }
}"""
REPLY = """mutation($id: ID!, $body: String!) {
  addPullRequestReviewThreadReply(input: {pullRequestReviewThreadId: $id, body: $body}) {
    comment { databaseId body replyTo { body } pullRequestReview { state } outdated }
  }
}"""
UNRESOLVE = "mutation($id: ID!) { unresolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }"
THREADS = """query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      mergeable
      reviewThreads(first: 1, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { id isResolved isOutdated path line comments(first: 5) { nodes { databaseId body author { login } } } }
      }
    }
  }
}"""
LINKED = """query {
  repository(owner: "acme", name: "widgets") {
    issue(number: 1) { title closedByPullRequestsReferences(first: 5) { nodes { number author { login } state } } }
  }
}"""
NODE = "query($id: ID!) { it: node(id: $id) { __typename id ... on PullRequest { number } ... on Issue { title } } }"


class Asking:
    def __init__(self, wire: Wire, token: str) -> None:
        self.wire, self.token = wire, token

    async def __call__(self, document: str, *, known: bool = True, **variables: Any) -> Any:
        assert (check_graphql(document) == []) == known
        reply = await self.wire.call("POST", "/graphql", self.token, {"query": document, "variables": variables})
        assert reply.status == 200, reply.data
        return reply.data


@pytest.fixture
async def ask(wire: Wire) -> Asking:
    return Asking(wire, await wire.installation())


@pytest.fixture
def ada(hub: Hub) -> Person:
    return hub.as_user("developer")


@pytest.fixture
async def pull(ada: Person) -> Pull:
    await ada.open_issue("broken")
    await ada.push("topic", {"a.txt": "1\n2\n"})
    return await ada.open_pull("topic", body="Closes #1", draft=True)


async def test_a_draft_becomes_ready_and_a_draft_again(hub: Hub, ask: Asking, pull: Pull, mailbox: Mailbox) -> None:
    id = node_id("PR", pull.id)
    assert (await ask(READY, id=id))["data"] == {
        "markPullRequestReadyForReview": {"pullRequest": {"number": pull.number, "isDraft": False}}
    }
    await ask(READY, id=id)
    await ask(DRAFT, id=id)
    assert pull.draft
    hub.repo.drafts_available, pull.draft = False, False
    refused = await ask(DRAFT, id=id)
    assert refused["errors"][0]["type"] == "UNPROCESSABLE"
    await hub.settle()
    assert mailbox.names == ["pull_request.ready_for_review", "pull_request.converted_to_draft"]


async def test_threads_are_read_page_by_page_and_resolved(hub: Hub, ask: Asking, pull: Pull) -> None:
    remarks = [{"path": "a.txt", "line": n, "body": f"remark {n}"} for n in (1, 2)]
    await hub.as_user("maintainer").review(pull.number, "COMMENT", "", remarks)
    at: dict[str, Any] = {"owner": "acme", "name": "widgets", "number": pull.number}
    first = (await ask(THREADS, **at))["data"]["repository"]["pullRequest"]
    page = first["reviewThreads"]
    assert (first["mergeable"], page["totalCount"], page["pageInfo"]["hasNextPage"]) == ("MERGEABLE", 2, True)
    assert page["nodes"][0]["comments"]["nodes"][0]["body"] == "remark 1"
    second = await ask(THREADS, after=page["pageInfo"]["endCursor"], **at)
    (thread,) = second["data"]["repository"]["pullRequest"]["reviewThreads"]["nodes"]
    assert (thread["line"], thread["comments"]["nodes"][0]["author"]["login"]) == (2, "maintainer")
    done = await ask(RESOLVE, id=thread["id"])
    assert done["data"]["resolveReviewThread"] == {
        "clientMutationId": "x",
        "thread": {"id": thread["id"], "isResolved": True},
    }
    assert [one.resolved for one in pull.threads] == [False, True]


async def test_a_thread_is_answered_resolved_and_opened_again(
    hub: Hub, wire: Wire, ask: Asking, pull: Pull, mailbox: Mailbox
) -> None:
    await hub.as_user("maintainer").review(pull.number, "COMMENT", "", [{"path": "a.txt", "line": 1, "body": "Why?"}])
    (thread,) = pull.threads
    id = node_id("PRRT", thread.id)
    said = (await ask(REPLY, id=id, body="Mended"))["data"]["addPullRequestReviewThreadReply"]["comment"]
    assert said == {
        "databaseId": thread.comments[1].id,
        "body": "Mended",
        "replyTo": {"body": "Why?"},
        "pullRequestReview": {"state": "COMMENTED"},
        "outdated": False,
    }
    assert (await ask(REPLY, id=id, body=" "))["errors"][0]["type"] == "UNPROCESSABLE"
    for document, resolved in ((RESOLVE, True), (UNRESOLVE, False)):
        await ask(document, id=id)
        assert thread.resolved is resolved
    weak = Asking(wire, await wire.installation(permissions={"pull_requests": "write"}))
    assert (await weak(RESOLVE, id=id))["errors"][0]["type"] == "FORBIDDEN"
    assert "errors" not in await weak(REPLY, id=id, body="May answer, not fold")
    await hub.settle()
    assert {"pull_request_review_thread.resolved", "pull_request_review_thread.unresolved"} <= set(mailbox.names)


async def test_an_issue_knows_who_promises_to_close_it(ask: Asking, pull: Pull) -> None:
    found = (await ask(LINKED))["data"]["repository"]["issue"]["closedByPullRequestsReferences"]["nodes"]
    assert found == [{"number": pull.number, "author": {"login": "developer"}, "state": "OPEN"}]


async def test_a_node_shows_what_its_type_has(ask: Asking, pull: Pull) -> None:
    id = node_id("PR", pull.id)
    assert (await ask(NODE, id=id))["data"] == {"it": {"__typename": "PullRequest", "id": id, "number": pull.number}}


@pytest.mark.parametrize("id", ["PR_nonsense", "I_x", node_id("PR", 1), ""])
async def test_what_does_not_exist_is_an_error_with_status_200(ask: Asking, id: str) -> None:
    refused = await ask(READY, id=id)
    assert refused["data"] == {"markPullRequestReadyForReview": None}
    assert refused["errors"][0]["type"] == "NOT_FOUND"


async def test_a_token_without_the_right_is_refused(wire: Wire, pull: Pull) -> None:
    weak = Asking(wire, await wire.installation(permissions={"pull_requests": "read"}))
    refused = await weak(READY, id=node_id("PR", pull.id))
    assert (refused["errors"][0]["type"], pull.draft) == ("FORBIDDEN", True)
    assert (await wire.call("POST", "/graphql", None, {"query": READY})).status == 401


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("query { viewer { loginn } }", "Field 'loginn' doesn't exist"),
        ("query { viewer { login }", "Expected a field"),
        ("subscription { x }", "Expected a query or a mutation"),
    ],
)
async def test_a_document_that_the_hub_does_not_know_is_reported(
    hub: Hub, judge: Judge, ask: Asking, document: str, words: str
) -> None:
    answered = await ask(document, known=False)
    assert words in answered["errors"][0]["message"]
    assert "data" not in answered
    assert (len(hub.problems), len(judge.problems)) == (1, 1)
    hub.problems.clear()
    judge.problems.clear()


def test_values_are_read_as_written() -> None:
    document = (
        'query Q($a: Int = 3, $b: [String!]!) { x(a: $a, b: $b, c: {d: [1, -2.5, true, null, ENUM]}, e: "q\\n\\"") }'
    )
    (field,) = read(document, {"b": ["s"]}).fields
    assert field.arguments == {"a": 3, "b": ["s"], "c": {"d": [1, -2.5, True, None, "ENUM"]}, "e": 'q\n"'}


@pytest.mark.parametrize("document", ["{ a } { b }", "{ ...F }", "{ a @skip(if: true) }", "{ a(b: ]) }", "{ § }", ""])
def test_what_is_not_understood_is_said(document: str) -> None:
    with pytest.raises(SyntaxProblem):
        read(document, {})
