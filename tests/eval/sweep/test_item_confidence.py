"""Where an item's confidence comes from, in a sweep with targets in the prompt and in one without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted import Canned

from abstain.data import PromptStyle, Question, template
from abstain.eval.backends.backend import Completion, Prompt
from abstain.eval.metrics import compute_metrics, tabulate
from abstain.eval.sweep.confidence import agreement
from abstain.eval.sweep.responses import Response, append_responses
from abstain.eval.sweep.sweep import Sweep, plan, run_sweep
from abstain.rewards import Verdict, alias_match

STYLE = PromptStyle(rubric="Target {target}.", forced="Forced.", stated="Stated.", target_format="decimal")
QUESTIONS = [Question(f"q{i}", f"Question {i}?", ("yes",)) for i in range(10)]


class Scripted(Canned):
    """Says "yes" with probability 0.8 greedily; its samples and stated confidences are scripted by question."""

    def __init__(self, stated: Sequence[str] = (), samples: Sequence[str] = ()) -> None:
        self.stated, self.samples = stated, samples
        self.asked: list[str] = []
        self.draws = 0

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        for index, prompt in enumerate(prompts):
            text = self.render(prompt.messages)
            self.asked.append(text)
            self.draws += len(prompt.draws)
            i = int(text.split("?")[0].split()[1])
            greedy = f"yes\n{self.stated[i]}" if "Stated" in text else "yes"
            said = {draw: self.samples[draw - 1] if draw else greedy for draw in prompt.draws}
            yield index, [Completion(said[draw], (1,), (float(np.log(0.8)),), "stop") for draw in prompt.draws]


def sweep(**changes: Any) -> Sweep:
    fixed = {"samples": 0, "truncated": Verdict.WRONG, "post_hoc": True}
    options: dict[str, Any] = {"targets": (), "style": STYLE, "grader": alias_match(), **fixed}
    return Sweep(**{**options, **changes})


STATED = ["Confidence: 0.9", "Confidence: 90%", "Confidence: 0.35", "Confidence: 80", "", "Confidence: high"] + [
    "Confidence: 0.1"
] * 4


def test_a_stated_confidence_needs_one_answer_per_question_and_no_target(tmp_path: Path) -> None:
    backend = Scripted(STATED)
    rows = run_sweep(backend, QUESTIONS, sweep(confidence="stated"), tmp_path / "r.jsonl")
    assert backend.asked == [f"Question {i}?\nStated." for i in range(10)]
    assert {(r.threshold, r.sample, r.confidence_source) for r in rows} == {(None, 0, "stated")}
    assert {r.verdict for r in rows[:5]} == {Verdict.CORRECT}  # a statement of confidence is no part of the answer
    assert [r.confidence for r in rows[:3]] == [0.9, 0.9, 0.35]


def test_missing_and_impossible_confidences_are_counted_apart_and_decide_nothing(tmp_path: Path) -> None:
    rows = run_sweep(Scripted(STATED), QUESTIONS, sweep(confidence="stated"), tmp_path / "r.jsonl")
    assert [r.confidence for r in rows[3:6]] == [None] * 3
    assert [r.confidence_reason for r in rows[3:6]] == [
        "confidence out of range: 80",
        "no confidence",
        "confidence is not a number: 'high'",
    ]
    found = compute_metrics(rows, resamples=0)
    assert (found["missing_confidence"], found["bad_confidence"], found["without_confidence"]) == (1, 2, 3)
    table = tabulate(rows)
    assert np.isnan(table.verdicts[3:6]).all()
    # 0.35 answers at 0.1, 0.2 and 0.3 and abstains at the six targets above.
    assert table.abstained[2].tolist() == [0.0] * 3 + [1.0] * 6


def test_the_probability_of_the_forced_answer_is_held_against_targets_afterwards(tmp_path: Path) -> None:
    backend = Scripted()
    rows = run_sweep(backend, QUESTIONS, sweep(), tmp_path / "r.jsonl")
    assert backend.asked[0] == "Question 0?\nForced."
    assert {(r.threshold, r.confidence_source) for r in rows} == {(None, "sequence_probability")}
    assert [r.confidence for r in rows] == pytest.approx([0.8] * 10)
    # At exactly 0.8 it answers: it abstains iff its confidence is below the target.
    assert tabulate(rows, targets=(0.7, 0.9)).abstained.tolist() == [[0.0, 1.0]] * 10


@pytest.mark.parametrize("post_hoc", [True, False])
def test_agreement_is_the_share_of_samples_that_give_the_greedy_answer(post_hoc: bool, tmp_path: Path) -> None:
    backend = Scripted(samples=["Yes.", "no", "yes", "I don't know"])
    asked = sweep(confidence="agreement", samples=4, post_hoc=post_hoc, targets=() if post_hoc else (0.25, 0.75))
    rows = run_sweep(backend, QUESTIONS, asked, tmp_path / "r.jsonl")
    own = [r for r in rows if r.sample == 0 and r.confidence_source]
    assert {(r.threshold, r.confidence) for r in own} == {(None if post_hoc else 0.0, 0.5)}
    assert {r.confidence for r in rows if not r.confidence_source} == {None} or post_hoc
    assert tabulate(rows).confidence.tolist() == [0.5] * 10


def test_with_targets_a_stated_confidence_comes_with_the_forced_answer(tmp_path: Path) -> None:
    backend = Scripted(STATED)
    asked = sweep(confidence="stated", post_hoc=False, targets=(0.5,))
    rows = run_sweep(backend, QUESTIONS, asked, tmp_path / "r.jsonl")
    assert backend.asked[:2] == ["Question 0?\nStated.", "Question 0?\nTarget 0.50."]
    assert next(r for r in rows if r.threshold == 0).confidence == 0.9
    assert next(r for r in rows if r.threshold == 0.5).confidence is None


def test_an_interrupted_sweep_ends_with_the_same_agreement(tmp_path: Path) -> None:
    samples = ["yes", "no", "yes", "yes"]
    asked = sweep(confidence="agreement", samples=4)
    whole = run_sweep(Scripted(samples=samples), QUESTIONS, asked, tmp_path / "whole.jsonl")
    kept = [r for r in whole if r.sample in (1, 3)]  # a kill left two of each question's samples
    append_responses(tmp_path / "cut.jsonl", kept)
    backend = Scripted(samples=samples)
    again = run_sweep(backend, QUESTIONS, asked, tmp_path / "cut.jsonl")
    assert backend.draws == 10 * 3
    assert sorted(r.to_json() for r in again) == sorted(r.to_json() for r in whole)


def test_a_declined_answer_has_no_confidence(tmp_path: Path) -> None:
    backend = Scripted(["Confidence: 0.9"])
    question = Question("q0", "Question 0?", ("no",), None, None, {})
    said = Sweep(
        truncated=Verdict.WRONG,
        targets=(),
        style=STYLE,
        grader=alias_match(abstention="yes"),
        samples=0,
        post_hoc=True,
    )
    (row,) = run_sweep(backend, [question], said, tmp_path / "r.jsonl")
    assert (row.verdict, row.confidence, row.confidence_reason) == (Verdict.ABSTAINED, None, "no answer")
    assert tabulate([row]).abstained.tolist() == [[1.0] * 9]


def test_rows_name_the_wording_they_were_asked_in(tmp_path: Path) -> None:
    def said(style: PromptStyle, name: str) -> set[str]:
        backend = Scripted()
        asked = sweep(style=style)
        return {r.template for r in run_sweep(backend, QUESTIONS, asked, tmp_path / f"{name}.jsonl")}

    assert said(template("exam"), "exam") == {"exam@1"}
    assert said(STYLE, "own") == {""}


def test_a_row_without_answer_or_samples_has_no_agreement() -> None:
    assert agreement("yes", [], alias_match()) is None
    assert agreement("yes", [None, None], alias_match()) == 0.0


def test_contradictory_sweeps_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"without a target in the prompt there are no targets to ask at, got \(0.5,\)"
    ):
        sweep(targets=(0.5,))
    with pytest.raises(ValueError, match="agreement among samples needs at least one sample per question"):
        sweep(confidence="agreement")


def test_the_plan_of_a_stated_sweep_is_one_prompt_a_question() -> None:
    assert [len(request.rows) for request in plan(QUESTIONS, sweep(confidence="stated"))] == [1] * 10


def test_a_response_from_before_has_no_source() -> None:
    assert Response(id="x", threshold=0.0, sample=0, verdict=Verdict.CORRECT).confidence_source == ""
