"""What the untouched model answers when it must, and how the grader judges it: the part of `--probe` to read.

A grader that misreads a model's sentences, a limit that cuts them off or a prompt that the model does not understand
shows here, before a run learns from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...data import PromptStyle, Question
from ...eval.backends.backend import Backend, Prompt
from ...eval.sweep.overlooked import overlooked, overlooked_notes
from ...eval.sweep.responses import Response
from ...rewards import Grader, Verdict
from ...rewards.judge_row import judge_row
from .findings import Finding

CUT_OFF_SHARE = 0.1
"""Share of cut-off answers from which on it is a warning."""
_SHOWN = 80
"""Characters of a question or completion in an example."""


def forced_answers(
    backend: Backend, questions: Sequence[Question], *, style: PromptStyle, grader: Grader, seed: int
) -> list[Response]:
    """Return the greedy forced answer to each question, judged; a cut-off one is judged as it stands.

    Args:
        backend: Of the untouched model.
        questions: What to ask; a question that comes twice is asked once.
        style: The prompts; forced answers are asked for at t = 0.
        grader: The recipe's.
        seed: Of the backend; greedy answers do not depend on it.
    """
    asked = list({question.id: question for question in questions}.values())
    prompts = [Prompt(style.messages(question, 0.0)) for question in asked]
    rows: dict[int, Response] = {}
    for index, (completion,) in backend.generate(prompts, temperature=1.0, seed=seed):
        question = asked[index]
        judgement = judge_row(
            grader,
            completion.text,
            question.answers,
            question.choices,
            answerable=question.answerable,
            question=question.text,
        )
        rows[index] = Response(
            id=question.id,
            threshold=0.0,
            sample=0,
            verdict=judgement.verdict,
            question=question.text,
            answers=question.answers,
            answerable=question.answerable,
            completion=completion.text,
            reason=judgement.reason,
            truncated=completion.finish_reason == "length",
        )
    return [rows[index] for index in sorted(rows)]


def check_forced(rows: Sequence[Response], prompt: str, remedies: Mapping[str, str], *, limit: int) -> list[Finding]:
    """Return counts and an example of each verdict, what the grader may have overlooked, and the prompt.

    Args:
        rows: Of `forced_answers`, at least one.
        prompt: The first prompt as the model reads it.
        remedies: As `overlooked_notes` takes them.
        limit: `eval.max_new_tokens`.
    """
    groups: dict[str, list[Response]] = {"right": [], "wrong": [], "abstained": [], "ungraded": [], "cut off": []}
    for row in rows:
        groups["cut off" if row.truncated else _NAMES[row.verdict]].append(row)
    counts = ", ".join(f"{len(group)} {name}" for name, group in groups.items() if group or name != "ungraded")
    found = [Finding("note", f"{len(rows)} forced answers of the untouched model: {counts}")]
    found += [Finding("note", f"{name}: {_example(group[0])}") for name, group in groups.items() if group]
    if len(groups["cut off"]) >= CUT_OFF_SHARE * len(rows):
        text = f"{len(groups['cut off'])} of {len(rows)} forced answers do not end within {limit} tokens"
        found.append(Finding("warning", text, f"eval.max_new_tokens above {limit}, or a prompt that asks for less"))
    hints = overlooked_notes((one.to_json() for one in overlooked(rows)), remedies)
    found += [Finding("warning", hint.rstrip(".")) for hint in hints]
    return [*found, Finding("note", f"the first forced prompt as the model reads it: {prompt!r}")]


_NAMES: Mapping[Any, str] = {
    Verdict.CORRECT: "right",
    Verdict.WRONG: "wrong",
    Verdict.ABSTAINED: "abstained",
    Verdict.UNGRADED: "ungraded",
}


def _example(row: Response) -> str:
    gold = repr(row.answers[0]) if row.answers else "no answer"
    return f"{_cut(row.completion)} to {_cut(row.question)} (accepted: {gold}; {row.reason})"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= _SHOWN else f"{line[:_SHOWN]} …")
