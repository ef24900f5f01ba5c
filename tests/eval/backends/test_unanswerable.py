"""field.md, mistake 7: abstentions counted as hallucinations, unanswerable questions filtered out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from scripted import Canned

from abstain.data import PromptStyle, Question
from abstain.eval.backends.backend import Completion, Prompt
from abstain.eval.metrics import compute_metrics, reference_confidence, tabulate
from abstain.eval.sweep.responses import Response
from abstain.eval.sweep.sweep import Sweep, run_sweep
from abstain.rewards import Verdict, alias_match

TARGETS = (0.25, 0.5, 0.75)
QUESTIONS = [Question(f"q{i}", f"Question {i}?", ("yes",)) for i in range(4)] + [
    Question(f"u{i}", f"Nonsense {i}?", (), answerable=False) for i in range(4)
]


class Sure(Canned):
    """Answers everything it is sure of with "yes"; sure of every question to 0.6, also of those without an answer."""

    def __init__(self, sees_through: bool) -> None:
        self.sees_through = sees_through

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        for index, prompt in enumerate(prompts):
            text = self.render(prompt.messages)
            target = float(text.split("Target ")[1].rstrip(".")) if "Target" in text else 0.0
            declines = target > 0.6 or (self.sees_through and target > 0 and "Nonsense" in text)
            yield index, [Completion("I don't know" if declines else "yes", (1,), (-0.5108,), "stop")]


def asked(sees_through: bool, path: Path) -> list[Response]:
    style = PromptStyle(rubric="Target {target}.", forced="Forced.", target_format="decimal")
    sweep = Sweep(truncated=Verdict.WRONG, targets=TARGETS, style=style, grader=alias_match(), samples=0)
    return run_sweep(Sure(sees_through), QUESTIONS, sweep, path / f"{sees_through}.jsonl")


def test_unanswerable_questions_are_asked_and_an_abstention_on_one_is_no_error(tmp_path: Path) -> None:
    rows = asked(True, tmp_path)
    verdicts = {(row.id, row.threshold): row.verdict for row in rows}
    assert len({row.id for row in rows if not row.answerable}) == 4
    assert [verdicts["u0", t] for t in TARGETS] == [Verdict.ABSTAINED] * 3
    assert verdicts["u0", 0.0] is Verdict.WRONG
    assert {row.exact_confidence for row in rows if not row.answerable} == {0.0}
    assert {row.exact_confidence for row in rows if row.answerable} == {None}


def test_a_policy_that_sees_through_them_is_perfect_and_one_that_answers_them_is_not(tmp_path: Path) -> None:
    through, taken_in = (compute_metrics(asked(sees, tmp_path), resamples=0) for sees in (True, False))
    assert through["adherence_reference"]["all"]["value"] == 1.0
    assert through["normalized_regret"]["value"] == pytest.approx(0.0)
    # Of 8 × 3 decisions those at 0.25 and 0.5 about four questions without an answer are wrong: 1 − 8/24.
    assert taken_in["adherence_reference"]["all"]["value"] == pytest.approx(2 / 3)
    # It follows its own confidence without fail: that is what `adherence` says, and all it says.
    assert taken_in["adherence"]["all"]["value"] == 1.0
    assert taken_in["unanswerable"] == 4
    # It abstains on them at 0.75 alone.
    assert taken_in["unanswerable_abstention"]["value"] == pytest.approx(1 / 3)
    assert through["unanswerable_abstention"]["value"] == 1.0


def test_what_should_be_answered_is_the_known_zero_there_and_the_systems_own_confidence_elsewhere(
    tmp_path: Path,
) -> None:
    table = tabulate(asked(False, tmp_path))
    source, reference = reference_confidence(table, None)
    assert source == "own"
    assert reference.tolist() == pytest.approx([0.6] * 4 + [0.0] * 4, abs=1e-4)
    source, reference = reference_confidence(table, table)
    assert (source, reference.tolist()[4:]) == ("base", [0.0] * 4)


def test_without_unanswerable_questions_the_rate_on_them_is_undefined(tmp_path: Path) -> None:
    rows = [row for row in asked(False, tmp_path) if row.answerable]
    found = compute_metrics(rows, resamples=0)
    assert (found["unanswerable"], found["unanswerable_abstention"]) == (0, None)
