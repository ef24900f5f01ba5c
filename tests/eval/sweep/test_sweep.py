from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted import Canned

from abstain.data import InputError, PromptStyle, Question
from abstain.eval import metrics
from abstain.eval.backends.backend import Completion, Prompt
from abstain.eval.logs.harness import HarnessGrader
from abstain.eval.sweep.responses import append_responses, read_responses, truncate_cut_line
from abstain.eval.sweep.sweep import Sweep, run_sweep
from abstain.rewards import ConfidenceParser, Verdict, alias_match

TARGETS = (0.25, 0.5, 0.75)
QUESTIONS = [Question(f"q{i}", f"Question {i}?", (f"a{i}",), exact_confidence=(i + 0.5) / 10) for i in range(10)]
STYLE = PromptStyle(rubric="Target {target}.", forced="Forced.", target_format="decimal")


class Oracle(Canned):
    """A backend that answers (rightly for even questions) iff (i + 0.5) / 10 > t, and counts what it is asked."""

    def __init__(self, fail_after: int | None = None) -> None:
        self.asked: list[str] = []
        self.fail_after = fail_after

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        for index, prompt in enumerate(prompts):
            if self.fail_after is not None and len(self.asked) >= self.fail_after:
                raise KeyboardInterrupt
            assert prompt.draws
            text = self.render(prompt.messages)
            self.asked.append(text)
            i = int(text.split("?")[0].split()[1])
            target = float(text.split("Target ")[1].rstrip(".")) if "Target" in text else 0.0
            p = (i + 0.5) / 10
            said = "I don't know" if p < target else f"a{i if i % 2 == 0 else 99}"
            yield index, [Completion(said, (1,), (float(np.log(p)),), "stop")] * len(prompt.draws)


def sweep(**changes: Any) -> Sweep:
    fixed = {"samples": 2, "truncated": Verdict.WRONG}
    options: dict[str, Any] = {"targets": TARGETS, "style": STYLE, "grader": alias_match(), **fixed}
    return Sweep(**{**options, **changes})


def test_a_sweep_asks_forced_sampled_and_at_every_target(tmp_path: Path) -> None:
    backend = Oracle()
    rows = run_sweep(backend, QUESTIONS, sweep(), tmp_path / "r.jsonl")
    assert len(rows) == 10 * (1 + 3 + 2)
    assert len(backend.asked) == 10 * (1 + 3)
    assert read_responses(tmp_path / "r.jsonl") == rows
    forced = next(r for r in rows if r.id == "q3" and r.threshold == 0 and r.sample == 0)
    assert forced.confidence == pytest.approx(0.35)
    assert {r.confidence for r in rows if r.threshold > 0 or r.sample > 0} == {None}


def test_without_a_rubric_one_plain_answer_serves_all_targets(tmp_path: Path) -> None:
    backend = Oracle()
    rows = run_sweep(backend, QUESTIONS, sweep(rubric=False, samples=0), tmp_path / "r.jsonl")
    assert len(rows) == 10 * 4
    assert sorted(backend.asked) == sorted(f"Question {i}?{end}" for i in range(10) for end in ("", "\nForced."))


def test_a_killed_sweep_goes_on_and_asks_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("abstain.eval.sweep.store.FLUSH_EVERY", 4)
    path = tmp_path / "r.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run_sweep(Oracle(fail_after=13), QUESTIONS, sweep(), path)
    kept = len(read_responses(path))
    assert kept >= 8
    with path.open("a") as file:
        file.write('{"id": "q9", "thr')  # what a kill in the middle of a write leaves
    second = Oracle()
    rows = run_sweep(second, QUESTIONS, sweep(), path)
    assert len({(r.id, r.threshold, r.sample) for r in rows}) == len(rows) == 60
    assert len(second.asked) <= 50 - kept
    whole = run_sweep(Oracle(), QUESTIONS, sweep(), tmp_path / "whole.jsonl")
    assert sorted(r.to_json() for r in rows) == sorted(r.to_json() for r in whole)


def test_a_malformed_line_in_the_middle_is_an_error_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"id": 1}\n{}\n')
    with pytest.raises(InputError, match=r"r.jsonl:1: not a response row"):
        read_responses(path)


def test_repeated_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ids must be unique, 'q0' occurs"):
        run_sweep(Oracle(), [QUESTIONS[0], QUESTIONS[0]], sweep(), tmp_path / "r.jsonl")


def test_metrics_of_a_perfect_policy(tmp_path: Path) -> None:
    rows = run_sweep(Oracle(), QUESTIONS, sweep(), tmp_path / "r.jsonl")
    found = metrics.compute_metrics(rows, resamples=50)
    json.dumps(found)
    assert found["reference_confidence"] == "exact"
    assert found["adherence"]["all"]["value"] == found["adherence_exact"]["clear"]["value"] == 1.0
    assert found["consistency_violations"]["value"] == 0.0
    assert found["normalized_regret"]["value"] in (None, pytest.approx(0.0))
    assert found["forced_accuracy"]["value"] == 0.5
    # p = 0.35 and 0.45 are the neighbours of the cut at 0.4 … for t = 0.25 the cut lies between 0.15 … 0.25 … 0.25.
    assert [r["effective_threshold"] for r in found["by_threshold"]] == pytest.approx([0.2, 0.5, 0.7])
    assert [r["coverage"] for r in found["by_threshold"]] == pytest.approx([0.8, 0.5, 0.3])
    assert found["sample_agreement"]["value"] == 1.0


def test_a_forced_abstention_is_not_correct_and_leaves_no_confidence(tmp_path: Path) -> None:
    rows = run_sweep(Oracle(), QUESTIONS, sweep(samples=0), tmp_path / "r.jsonl")
    refused = [
        replace(r, verdict=Verdict.ABSTAINED, confidence=None) if r.threshold == 0 and r.id == "q0" else r for r in rows
    ]
    found = metrics.compute_metrics(refused, resamples=0)
    assert found["forced_accuracy"]["value"] == pytest.approx(0.4)
    assert found["without_confidence"] == 1


def test_an_incomplete_sweep_is_refused(tmp_path: Path) -> None:
    rows = run_sweep(Oracle(), QUESTIONS, sweep(), tmp_path / "r.jsonl")
    with pytest.raises(ValueError, match=r"item 'q4' has no answer at target 0.5: the sweep is not complete"):
        metrics.tabulate([r for r in rows if not (r.id == "q4" and r.threshold == 0.5)])


def test_appending_after_a_cut_keeps_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    rows = run_sweep(Oracle(), QUESTIONS[:1], sweep(samples=0), tmp_path / "other.jsonl")
    append_responses(path, rows[:2])
    path.write_bytes(path.read_bytes()[:-5])
    truncate_cut_line(path)
    append_responses(path, rows[1:])
    assert read_responses(path) == rows


def test_stated_confidences_are_kept_from_the_grader_everywhere_or_only_where_one_was_asked_for() -> None:
    said, question = Completion("Paris. Confidence: 0.9", (), None, "stop"), Question("q", "Capital?", ("Paris",))

    def verdict(t: float, **settings: Any) -> Verdict:
        return sweep(targets=(0.5,), **settings).judge(question, said, t).verdict

    assert [verdict(t) for t in (0.0, 0.5)] == [Verdict.WRONG, Verdict.WRONG]
    assert [verdict(t, confidence="stated") for t in (0.0, 0.5)] == [Verdict.CORRECT, Verdict.WRONG]
    assert [verdict(t, strip_confidence=True) for t in (0.0, 0.5)] == [Verdict.CORRECT, Verdict.CORRECT]
    row = {"answers": ["Paris"], "choices": None}
    assert HarnessGrader(grader=alias_match(), confidence=ConfidenceParser())(said.text, row).verdict is Verdict.CORRECT
    assert HarnessGrader(grader=alias_match())(said.text, row).verdict is Verdict.WRONG
