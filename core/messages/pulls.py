"""What a pull request says: while the agents work, and when they are done; and the review of a round."""

from collections.abc import Collection, Sequence

from core.messages import approval, budget, gates, outcomes, requirements, words
from core.messages.words import count, finding, plain
from core.tasks import Reason, Task

REVIEW_MARKER = "<!-- pdev:review:{id}:{round} -->"
TITLE_LIMIT = 256
BODY_LIMIT = 65_535
"""Characters of a title, and of a body or review (GitHub's limits)."""
_DESCRIPTION, _TESTED, _FINDINGS, _SUMMARY = 24_000, 5_000, 12_000, 10_000
_CHECKLIST, _REFUSED, _GATES, _ASKED, _LINE = 3_000, 2_000, 12_000, 4_000, 300


_KEY = "`pull_request."


def draft_title(task: Task, *, drafts: bool) -> str:
    """`[WIP]` where the repository has no drafts."""
    mark, number = "" if drafts else "[WIP] ", f" (#{task.issue})"
    return mark + words.line(task.trigger.title, TITLE_LIMIT - len(mark) - len(number) - 20) + number


def draft_body(task: Task) -> str:
    parts = [
        f"Closes #{task.issue}",
        f"pdev works on this. How far it is stands in the comment on #{task.issue} and in the checks below; this "
        "description is replaced when the agents are done.",
        approval.draft_note(task).strip(),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def final_title(task: Task, title: str) -> str:
    return words.line(title, 200) or draft_title(task, drafts=True)


def final_body(
    task: Task,
    body: str,
    tested: str,
    *,
    changelog: str = "",
    checklist: Sequence[tuple[str, bool]] = (),
    refused: Sequence[str] = (),
) -> str:
    """The finalizer's description, within the frame that pdev vouches for.

    `checklist`: lines and whether they are done; `refused`: what GitHub did not let pdev do, in sentences.
    """
    boxes = [f"- [{'x' if done else ' '}] {words.line(text, _LINE)}" for text, done in checklist]
    parts = [
        f"Closes #{task.issue}",
        plain(body, _DESCRIPTION),
        f"### How it was tested\n\n{plain(tested, _TESTED)}" if tested.strip() else "",
        f"### Checklist\n\n{words.fitting(boxes, _CHECKLIST, between=chr(10))}" if boxes else "",
        f"### Changelog\n\n{words.line(changelog, _LINE)}" if changelog.strip() else "",
        words.fitting([words.line(one, _LINE) for one in refused], _REFUSED),
        *_details(task),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _details(task: Task) -> list[str]:
    """What happened on the way, folded: reviews and findings, the gates, what it cost."""
    rounds = count(sum(run.outcome in outcomes.REVIEWED for run in task.stages), "review")
    found = count(len(task.findings), "finding")
    listed = words.fitting([finding(f) for f in task.findings], _FINDINGS)
    spent = budget.sum_of(task.cost)
    return [
        _fold(f"{requirements.met(task)}, as the reviewer sees it", requirements.table(task, _ASKED))
        if requirements.met(task)
        else "",
        _fold(f"{rounds}, {found}", listed or "The reviewer had nothing to change."),
        _fold("Gates that pdev ran itself", words.fitting(gates.table(task).split("\n"), _GATES, between="\n"))
        if task.gates
        else "",
        f"The agents cost {spent}." if spent else "",
    ]


def label_refused(name: str, why: str) -> str:
    return f"GitHub did not take the label {words.code(name)}: {_ended(why)} Set it by hand, or change {_KEY}labels`."


def reviewer_refused(name: str, why: str) -> str:
    return f"{words.code(name)} could not be asked for a review: {_ended(why)} Ask by hand, or change {_KEY}reviewers`."


def _ended(why: str) -> str:
    return f"{words.line(why, 150).rstrip('.')}."


def _fold(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def review_marker(task: Task) -> str:
    return REVIEW_MARKER.format(id=task.id, round=task.round)


def review_body(task: Task, summary: str, *, at_lines: Collection[str] = ()) -> str:
    """The pull-request review of one round, with the findings that do not stand `at_lines` (their ids) of the diff."""
    named = [f for f in task.findings if f.round == task.round]
    found = [f for f in named if f.is_open]
    says = f"asks for {count(len(found), 'change')}" if found else "has nothing to change"
    head = f"**Review, round {task.round}**: the reviewer {says}. {_after_review(task, bool(found))}"
    room = BODY_LIMIT - _SUMMARY - _LET_BE - _ASKED - 1_500
    listed = words.fitting([finding(f) for f in found if f.id not in at_lines], room)
    let_be = words.fitting([finding(f) for f in named if f.state == "waived"], _LET_BE)
    parts = (review_marker(task), head, plain(summary, _SUMMARY), _asked(task), listed, let_be)
    return "\n\n".join(p for p in parts if p)


def _asked(task: Task) -> str:
    """What the issue asks for, where this round's reviewer listed it."""
    is_news = task.last_review is not None and task.last_review.round == task.round
    met = requirements.met(task) if is_news else ""
    return f"{met}:\n\n{requirements.table(task, _ASKED)}" if met else ""


def _after_review(task: Task, found: bool) -> str:
    if not found:
        return "The finalizer is next."
    asks = f"a person is asked in the comment on #{task.issue}."
    stop = task.last_review.stop if task.last_review and task.last_review.round == task.round else ""
    if stop in _STOPS:
        return f"{_STOPS[Reason(stop)]}; {asks}"
    return f"{_STOPS[Reason.ROUNDS]}; {asks}" if task.round >= task.last_round else "The corrector is next."


_LET_BE = 8_000
_STOPS = {
    Reason.ROUNDS: "This was the last allowed round",
    Reason.NO_PROGRESS: "The same findings were open a round ago",
    Reason.UNFIXABLE: "The corrector says that it cannot mend what the reviewer insists on",
}
