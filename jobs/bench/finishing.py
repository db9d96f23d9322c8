"""The end of the pull request's making: its words, its labels, who is asked to look at it, and that it is ready.

Each is looked up before it is done, because an earlier worker may have died right after it. A label or a reviewer that
GitHub refuses is no reason to hold the work back: the description says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from core.errors import GitHubAway, UserError
from core.messages import pulls as words
from jobs.codeowners import PLACES, owners

if TYPE_CHECKING:
    from core.github import Pull
    from jobs.agents.results import FinalizerResult
    from jobs.bench import Bench

MOST_REVIEWERS = 15
"""People and teams that GitHub lets one pull request ask."""


async def finish(bench: Bench, done: FinalizerResult) -> None:
    """Give the pull request its title and description, and mark it ready for review."""
    task = bench.task
    assert task.pr is not None, "a task that is finalized has a pull request"
    pull = await bench.door.pull(task.pr)
    refused = [*await _label(bench, pull.number), *await _ask_people(bench, pull)]
    body = words.final_body(
        task, done.body, done.tested, changelog=done.changelog, refused=refused,
        checklist=[(line.text, line.done) for line in done.checklist],
    )  # fmt: skip
    await bench.fence()
    await bench.door.edit_pull(task.pr, title=words.final_title(task, done.title), body=body)
    if (await bench.door.pull(task.pr)).draft:
        await bench.fence()
        try:
            await bench.door.mark_ready(task.pr_node)
        except GitHubAway:
            if (await bench.door.pull(task.pr)).draft:
                raise


async def _label(bench: Bench, number: int) -> list[str]:
    """Set the configured labels that are missing (GitHub makes those that it does not know); what it refuses."""
    if not (wanted := bench.config.pull_request.labels):
        return []
    has = {label.name.casefold() for label in await bench.door.issue_labels(number)}
    missing = [name for name in wanted if name.casefold() not in has]

    async def add(names: Sequence[str]) -> None:
        await bench.fence()
        await bench.door.add_labels(number, names)

    return [words.label_refused(name, why) for name, why in await _each(missing, add)]


async def _ask_people(bench: Bench, pull: Pull) -> list[str]:
    """Ask those for a review who are configured and not asked yet; what GitHub refuses."""
    if not (wanted := await _wanted(bench, pull)):
        return []
    asked = await bench.door.requested(pull.number)
    gave = await bench.door.reviews(pull.number)
    known = {person.login.casefold() for person in asked.users} | {
        f"team/{team.slug}".casefold() for team in asked.teams
    }
    known |= {review.user.login.casefold() for review in gave if review.user}
    missing = [name for name in wanted if name.casefold() not in known][:MOST_REVIEWERS]

    async def ask(names: Sequence[str]) -> None:
        people = [name for name in names if not name.startswith("team/")]
        teams = [name.removeprefix("team/") for name in names if name.startswith("team/")]
        await bench.fence()
        await bench.door.request_reviewers(pull.number, people, teams)

    return [words.reviewer_refused(name, why) for name, why in await _each(missing, ask)]


async def _wanted(bench: Bench, pull: Pull) -> list[str]:
    """Logins, and teams as `team/SLUG`, without the pull request's own author, whom GitHub lets nobody ask."""
    wanted = bench.config.pull_request.reviewers
    names = await _code_owners(bench) if wanted == "codeowners" else [name.removeprefix("@") for name in wanted]
    author = pull.user.login.casefold() if pull.user else ""
    return [name for name in dict.fromkeys(names) if name.casefold() != author]


async def _code_owners(bench: Bench) -> list[str]:
    """Who owns the changed files, as the default branch says: the change itself has no say in who judges it."""
    head, tip = bench.task.head_sha, await bench.mirror.fetched(f"refs/heads/{bench.default_branch}")
    there = await bench.mirror.files(tip, PLACES) if tip else {}
    text = next((there[place].decode("utf-8", "replace") for place in PLACES if place in there), "")
    changed = await bench.mirror.changed_files(await bench.base(head), head) if text else ()
    return [name for owner in owners(text, [one.path for one in changed]) if (name := _name(owner, bench))]


def _name(owner: str, bench: Bench) -> str:
    """`@login` or `@org/team` as we name them; addresses cannot be asked, nor teams of other organisations."""
    if not owner.startswith("@"):
        return ""
    org, slash, team = owner[1:].partition("/")
    if not slash:
        return org
    return f"team/{team}" if org.casefold() == bench.task.owner_login.casefold() else ""


async def _each(
    names: Sequence[str], do: Callable[[Sequence[str]], Awaitable[None]]
) -> list[tuple[str, str]]:  # fmt: skip
    """Do it for all at once, or, as GitHub refuses all for one, one by one; who was refused, and why."""
    if not names:
        return []
    try:
        await do(names)
    except UserError as error:
        if len(names) == 1:
            return [(names[0], error.sentence)]
    else:
        return []
    return [refused for name in names for refused in await _each([name], do)]
