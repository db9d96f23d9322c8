"""REST: pull requests. Thin over `pull_changes`; what GitHub refuses is refused here."""

from typing import Literal

import msgspec

from demo.hub import gitstore
from demo.hub.changes import check_text, close_issue, edit_issue, reopen_issue
from demo.hub.context import Context
from demo.hub.errors import GitHubError, forbidden, unprocessable, validation
from demo.hub.git_writes import ident_of, moved, site_ident
from demo.hub.gitstore import Conflict
from demo.hub.pull_changes import Proposal, change_base, cross_reference, open_pull, set_reviewers
from demo.hub.pull_facts import base_tip, commits_of, facts_of, files_of, git_of
from demo.hub.render.commits import commit_json, file_json
from demo.hub.render.pulls import pull_json, reviewers_json
from demo.hub.routing import Answer, Body, route
from demo.hub.state import Account, Pull, Team, role_rank

READ = {"pull_requests": "read"}
WRITE = {"pull_requests": "write"}


class NewPull(Body):
    head: str
    base: str
    title: str | None = None
    body: str | None = None
    head_repo: str | None = None
    maintainer_can_modify: bool = False
    draft: bool = False
    issue: int | None = None


class ChangedPull(Body):
    title: str | None = None
    body: str | None = None
    state: Literal["open", "closed"] | None = None
    base: str | None = None
    maintainer_can_modify: bool | None = None


class ExpectedHead(Body):
    expected_head_sha: str | None = None


class Reviewers(Body):
    reviewers: list[str] = msgspec.field(default_factory=list)
    team_reviewers: list[str] = msgspec.field(default_factory=list)


async def _full(ctx: Context, pull: Pull, status: int = 200) -> Answer:
    answer = pull_json(ctx.urls, pull, await facts_of(pull))
    return Answer(status, answer, {"Location": str(answer["url"])} if status == 201 else None)


async def _branch_tip(ctx: Context, name: str, field: str) -> str:
    sha = await gitstore.read_ref(git_of(ctx.repo), f"refs/heads/{name}")
    if sha is None:
        raise validation("PullRequest", field, "invalid")
    return sha


def _head_name(ctx: Context, head: str) -> str:
    """`branch` or `owner:branch`; heads in forks do not exist here."""
    owner, colon, branch = head.partition(":")
    if not colon:
        return head
    if owner.lower() != ctx.repo.owner.login.lower():
        raise validation("PullRequest", "head", "invalid")
    return branch


def _refuse_duplicate(ctx: Context, head: str, base: str) -> None:
    for pull in ctx.repo.pulls():
        if pull.open and (pull.head_ref, pull.base_ref) == (head, base):
            words = f"A pull request already exists for {ctx.repo.owner.login}:{head}."
            raise GitHubError(
                422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": words}]
            )


@route("POST", "/repos/{owner}/{repo}/pulls", needs=WRITE, role="read", body=NewPull, content=True)
async def create(ctx: Context, body: NewPull) -> Answer:
    """422 for unknown branches, no commit of its own, a second one for the same branches, a draft where none are."""
    if body.title is None:
        raise validation("PullRequest", "title", "missing_field")
    check_text("PullRequest", title=body.title, body=body.body)
    if body.draft and not ctx.repo.drafts_available:
        raise unprocessable("Draft pull requests are not supported in this repository.")
    head = _head_name(ctx, body.head)
    base_sha = await _branch_tip(ctx, body.base, "base")
    head_sha = await _branch_tip(ctx, head, "head")
    ahead, _ = await gitstore.ahead_behind(git_of(ctx.repo), base_sha, head_sha)
    if not ahead:
        words = f"No commits between {body.base} and {head}"
        raise GitHubError(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": words}])
    _refuse_duplicate(ctx, head, body.base)
    wanted = Proposal(
        title=body.title,
        body=body.body,
        head_ref=head,
        head_sha=head_sha,
        base_ref=body.base,
        base_sha=base_sha,
        draft=body.draft,
        maintainer_can_modify=body.maintainer_can_modify,
    )
    return await _full(ctx, await open_pull(ctx.hub, ctx.repo, ctx.caller, wanted), 201)


@route("GET", "/repos/{owner}/{repo}/pulls", needs=READ)
async def listed(ctx: Context) -> Answer:
    """Filters: state, head (`owner:branch`), base; newest first unless `direction=asc`."""
    head = ctx.query.get("head", "")
    if head and ":" not in head:
        ctx.hub.problem(f"GET {ctx.path}?head={head}: without `owner:` GitHub ignores this filter")
        head = ""
    found = [pull for pull in ctx.repo.pulls() if _matches(ctx, pull, head.lower())]
    by_update = ctx.query.get("sort") in ("updated", "popularity", "long-running")
    default = "asc" if "sort" in ctx.query and ctx.query["sort"] != "created" else "desc"
    found.sort(
        key=lambda one: (one.issue.updated_at if by_update else one.issue.created_at, one.number),
        reverse=ctx.query.get("direction", default) == "desc",
    )
    return ctx.page(found, lambda pull: pull_json(ctx.urls, pull))


def _matches(ctx: Context, pull: Pull, head: str) -> bool:
    label = f"{pull.head_repo.owner.login}:{pull.head_ref}".lower()
    return (
        ctx.query.get("state", "open") in ("all", pull.issue.state)
        and head in ("", label)
        and ctx.query.get("base", pull.base_ref) == pull.base_ref
    )


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", needs=READ)
async def get(ctx: Context) -> Answer:
    """With `mergeable` computed; as text with `Accept: application/vnd.github.diff` (or `.patch`)."""
    pull, accept = ctx.pull(), ctx.headers.get("Accept", "")
    git = git_of(ctx.repo)
    if "diff" in accept:
        text = await gitstore.unified_diff(git, await base_tip(pull), pull.head_sha)
        return Answer(200, raw=text.encode(), content_type="application/vnd.github.diff; charset=utf-8")
    if "patch" in accept:
        text = await gitstore.mail_patches(git, await base_tip(pull), pull.head_sha)
        return Answer(200, raw=text.encode(), content_type="application/vnd.github.patch; charset=utf-8")
    return await _full(ctx, pull)


@route("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", needs=WRITE, body=ChangedPull)
async def update(ctx: Context, body: ChangedPull) -> Answer:
    pull = ctx.pull()
    author = pull.issue.user is ctx.actor
    if (
        ctx.caller.kind != "installation"
        and not author
        and role_rank(ctx.caller.role_on(ctx.repo)) < role_rank("write")
    ):
        raise forbidden("Must have push access to repository to update a pull request.")
    if body.base is not None and body.base != pull.base_ref:
        await _rebase_onto(ctx, pull, body.base)
    await edit_issue(ctx.hub, pull.issue, ctx.caller, title=body.title, body=body.body)
    if body.body:
        cross_reference(ctx.hub, pull.issue, ctx.caller, body.body)
    if body.maintainer_can_modify is not None:
        pull.maintainer_can_modify = body.maintainer_can_modify
    if body.state == "closed" and pull.open:
        pull.base_sha = await base_tip(pull)
        await close_issue(ctx.hub, pull.issue, ctx.caller)
    elif body.state == "open" and not pull.open:
        await _reopen(ctx, pull)
    return await _full(ctx, pull)


async def _rebase_onto(ctx: Context, pull: Pull, base: str) -> None:
    if not pull.open:
        raise validation("PullRequest", "base", "custom", "Cannot change the base branch of a closed pull request.")
    base_sha = await _branch_tip(ctx, base, "base")
    _refuse_duplicate(ctx, pull.head_ref, base)
    await change_base(ctx.hub, pull, ctx.caller, base, base_sha)


async def _reopen(ctx: Context, pull: Pull) -> None:
    tip = await gitstore.read_ref(git_of(ctx.repo), f"refs/heads/{pull.head_ref}")
    if pull.merged or tip is None:
        why = "The pull request cannot be reopened." if pull.merged else f"The {pull.head_ref} branch has been deleted."
        raise validation("PullRequest", "state", "invalid", f"state cannot be changed. {why}")
    _refuse_duplicate(ctx, pull.head_ref, pull.base_ref)
    pull.head_sha = tip
    await reopen_issue(ctx.hub, pull.issue, ctx.caller)


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", needs=READ)
async def files(ctx: Context) -> Answer:
    pull = ctx.pull()
    return ctx.page(await files_of(pull), lambda one: file_json(ctx.urls, ctx.repo, pull.head_sha, one))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", needs=READ)
async def commits(ctx: Context) -> Answer:
    return ctx.page(await commits_of(ctx.pull()), lambda one: commit_json(ctx.urls, ctx.world, ctx.repo, one))


@route("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/update-branch", needs=WRITE, role="write", body=ExpectedHead)
async def update_branch(ctx: Context, body: ExpectedHead) -> Answer:
    """Merge the base branch into the head. 422 where the head moved, nothing is new, or they conflict."""
    pull = ctx.pull()
    if body.expected_head_sha not in (None, pull.head_sha):
        words = f"expected head sha didn't match current head ref. {pull.head_sha} is the current head."
        raise validation("PullRequest", "expected_head_sha", "custom", words)
    git, base = git_of(ctx.repo), await base_tip(pull)
    if await gitstore.is_ancestor(git, base, pull.head_sha):
        raise unprocessable("There are no new commits on the base branch.")
    author, message = ident_of(ctx.hub, ctx.actor), f"Merge branch '{pull.base_ref}' into {pull.head_ref}"
    try:
        sha = await gitstore.merge_commit(
            git, pull.head_sha, base, message, author=author, committer=site_ident(ctx.hub)
        )
    except Conflict:
        raise unprocessable("merge conflict between base and head") from None
    await moved(ctx.hub, ctx.repo, ctx.caller, f"refs/heads/{pull.head_ref}", pull.head_sha, sha)
    return Answer(202, {"message": "Updating pull request branch.", "url": ctx.urls.issue_page(pull.issue)})


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", needs=READ)
async def requested_reviewers(ctx: Context) -> Answer:
    return Answer(200, reviewers_json(ctx.urls, ctx.pull()))


def _asked(ctx: Context, body: Reviewers) -> list[Account | Team]:
    asked = [ctx.world.account(login) if login.lower() in ctx.repo.collaborators else None for login in body.reviewers]
    found = [*asked, *(ctx.repo.teams.get(slug.lower()) for slug in body.team_reviewers)]
    if None in found:
        raise unprocessable(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not "
            f"a collaborator of the {ctx.repo.full_name} repository."
        )
    return [one for one in found if one is not None]


@route(
    "POST", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", needs=WRITE, role="write", body=Reviewers
)
async def request_reviewers(ctx: Context, body: Reviewers) -> Answer:
    """422 for the author and for who cannot read the repository's code as a collaborator."""
    pull, asked = ctx.pull(), _asked(ctx, body)
    if pull.issue.user in asked:
        raise unprocessable("Review cannot be requested from pull request author.")
    for one in asked:
        await set_reviewers(ctx.hub, pull, ctx.caller, one, wanted=True)
    return Answer(201, pull_json(ctx.urls, pull))


@route(
    "DELETE", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", needs=WRITE, role="write", body=Reviewers
)
async def remove_reviewers(ctx: Context, body: Reviewers) -> Answer:
    pull = ctx.pull()
    for one in _asked(ctx, body):
        await set_reviewers(ctx.hub, pull, ctx.caller, one, wanted=False)
    return Answer(200, pull_json(ctx.urls, pull))
