"""The words about `pdev.yml`: mistakes, what is in force, the check run."""

from core.messages.config import MOST_TOLD, Source, at_place, problems, sentence, verdict
from core.messages.inforce import broken_answer, effective_answer
from core.repoconfig import KEYS, Broken, Effective, Problem, Unreadable, in_force, read
from tests.core.test_repoconfig import CLASHES, ONE_MISTAKE
from tests.golden import golden

SOURCE = Source("acme", "widgets", "https://github.com")


def broken(text: str) -> tuple[Problem, ...]:
    found = in_force(read(text))
    assert isinstance(found, Broken)
    return found.problems


def test_every_mistake() -> None:
    texts = {name: text for name, (text, _) in ONE_MISTAKE.items()} | {name: one[0] for name, one in CLASHES.items()}
    told = [f"{name}: {at_place('pdev.yml', problem)}" for name, text in texts.items() for problem in broken(text)]
    golden("messages/config_mistakes", "\n".join(told) + "\n")
    assert all(line.endswith((".", "?")) for line in told)


def test_what_somebody_wrote_can_neither_mention_nor_format() -> None:
    told = problems(broken("'@alice <!-- #7 [x](https://evil.example) `a`': 1\nci: '@bob | #8\\n# big'\n"), SOURCE)
    for line in told.splitlines():
        plain = "".join(line.split("`")[::2])  # what stands outside of code
        assert "@" not in plain
        assert "#7" not in plain
        assert "evil" not in plain
    assert len(told.splitlines()) == 4


def test_a_thousand_mistakes_fit() -> None:
    found = broken("".join(f"{'k' * 60}{n}: 1\n" for n in range(600)))
    said = verdict(found, SOURCE)
    assert len(said.summary) < 65_535
    assert len(said.annotations) == MOST_TOLD
    assert all(len(sentence(problem)) < 1_000 for problem in found)


def test_what_is_in_force() -> None:
    found = in_force(
        read("profile: ci\nreview: {mode: lenient}\nverify: [make, 'a|b']\n"), read("max_agents: 4\n"), {"ci": "ready"}
    )
    assert isinstance(found, Effective)
    told = effective_answer(found, SOURCE, private=False)
    golden("messages/config_in_force", told + "\n")
    assert all(f"| `{key}` |" in told for key in KEYS)


def test_nothing_is_in_force() -> None:
    found = in_force(read("ci: soon\n"), Unreadable("it is not UTF-8 text."))
    assert isinstance(found, Broken)
    golden("messages/config_broken", broken_answer(found.problems, SOURCE) + "\n")
