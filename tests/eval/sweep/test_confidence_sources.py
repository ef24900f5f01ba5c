"""What each source of confidence reads out of an answer, worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from abstain.data import Message, PromptStyle, Question
from abstain.eval.backends.backend import Completion, ConfidenceSource, Prompt
from abstain.eval.backends.identity import Identity
from abstain.eval.logs.score import score
from abstain.eval.metrics.metric import GATE_IS_NO_REFERENCE
from abstain.eval.report.headline import headline
from abstain.eval.sweep.confidence import agreement, answer_probability, gate_confidence, p_true, same_answer
from abstain.eval.sweep.responses import Response
from abstain.eval.sweep.sweep import ASKED_ABOUT_AT_ONCE, Sweep, run_sweep
from abstain.rewards import Judgement, Verdict, alias_match, choice_match, contains_match, numeric_match

TEXTS = ("The", " capital", " of", " France", " is", " Par", "is", ".", "")
LOGPROBS = (-2.0, -1.0, -1.0, -1.0, -1.0, -0.5, -0.25, -0.125, -0.0625)
QUESTION = "What is the capital of France?"


def said(texts: Sequence[str] = TEXTS, logprobs: Sequence[float] = LOGPROBS) -> Completion:
    return Completion("".join(texts).strip(), (), tuple(logprobs), "stop", tuple(texts))


@pytest.mark.parametrize("answer", ["The capital of France is Paris.", "Paris"])
def test_the_answers_words_are_those_that_the_question_does_not_hold(answer: str) -> None:
    value = answer_probability(said(), answer, QUESTION)
    assert value == pytest.approx(math.exp(-0.75))  # " Par", "is"


def test_an_answer_out_of_the_questions_own_words_counts_whole() -> None:
    texts, logprobs = ("the", " capital"), (-1.0, -0.5)
    assert answer_probability(said(texts, logprobs), "the capital", QUESTION) == pytest.approx(math.exp(-1.5))


def test_the_last_of_several_places_is_the_answers() -> None:
    texts, logprobs = ("Lyon", "?", " No", ":", " Lyon"), (-3.0, -1.0, -1.0, -1.0, -0.5)
    assert answer_probability(said(texts, logprobs), "Lyon", QUESTION) == pytest.approx(math.exp(-0.5))


def test_an_extracted_answer_in_other_words_is_looked_for_in_the_whole_completion() -> None:
    assert answer_probability(said(), "PARIS", QUESTION) == pytest.approx(math.exp(-0.75))


def test_without_log_probabilities_or_token_texts_there_is_no_probability_of_the_answer() -> None:
    assert answer_probability(Completion("Paris", (), None, "stop"), "Paris", QUESTION) is None
    assert answer_probability(Completion("Paris", (1,), (-1.0,), "stop"), "Paris", QUESTION) is None


def test_numbers_and_hyphens_are_parts_of_words() -> None:
    texts, logprobs = ("It", " has", " 1", ",", "500", " seats"), (-1.0, -1.0, -0.5, -0.25, -0.125, -2.0)
    value = answer_probability(said(texts, logprobs), "It has 1,500 seats", "How many seats has it?")
    assert value == pytest.approx(math.exp(-0.875))


@pytest.mark.parametrize(
    ("a", "b", "one"),
    [("12", "twelve", True), ("12", "13", False), ("Paris", "the paris.", True), ("Paris", "Lyon", False)],
)
def test_two_answers_are_one_where_the_grader_takes_either_for_the_other(a: str, b: str, one: bool) -> None:
    assert same_answer(a, b, alias_match()) is one


def test_the_graders_equivalence_decides_numbers_choices_and_sentences() -> None:
    assert same_answer("0.5", "1/2", numeric_match())
    assert same_answer("B", "Lyon", choice_match(), ("Paris", "Lyon"))
    assert same_answer("It is Paris.", "Paris", contains_match())
    assert not same_answer("It is Paris.", "It is Lyon.", contains_match())
    assert not same_answer("many", "12", numeric_match())  # no number to compare with is no error


class Judge:
    """Waits for a judge; must not be asked."""

    concurrency = 8

    def __call__(self, completion: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        raise AssertionError("a judge is asked about agreement")


def test_a_judge_is_not_asked_which_samples_agree() -> None:
    assert agreement("Paris", ["paris.", "Lyon", None], Judge()) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("texts", "logprobs", "value"),
    [
        (("Yes", "."), (-0.5, -3.0), math.exp(-0.5)),
        (("No", ",", " it"), (-0.25, -1.0, -1.0), 1 - math.exp(-0.25)),
        (("**", "T", "rue", "**"), (-1.0, -0.5, -0.25, 0.0), math.exp(-0.75)),
    ],
)
def test_p_true_is_the_probability_of_its_first_word(
    texts: tuple[str, ...], logprobs: tuple[float, ...], value: float
) -> None:
    assert p_true(said(texts, logprobs)).value == pytest.approx(value)


def test_a_reply_of_neither_word_has_a_reason_and_no_number() -> None:
    found = p_true(said(("Nobody", " knows"), (-1.0, -1.0)))
    assert (found.value, found.reason) == (None, "asked whether its answer is right, it said neither yes nor no")
    assert p_true(Completion("Yes", (), None, "stop")).reason == "no log-probabilities"


class Doubting:
    """Answers "a" with its number to a question, and "Yes" or "No" when asked whether that is right."""

    name, identity = "doubting", Identity(model_hash="d", settings="backend=doubting")
    confidence_sources: frozenset[ConfidenceSource] = frozenset({"p_true"})

    def __init__(self) -> None:
        self.asked: list[str] = []

    def render(self, messages: Sequence[Message]) -> str:
        return " / ".join(message["content"] for message in messages)

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        for index, prompt in enumerate(prompts):
            self.asked.append(self.render(prompt.messages))
            yield index, [self._say(prompt.messages) for _ in prompt.draws]

    def _say(self, messages: Sequence[Message]) -> Completion:
        number = int(messages[0]["content"].split("?")[0].split()[1])
        if len(messages) == 1:
            return said((f"a{number}",), (-1.0,))
        return said(("Yes",), (-0.5,)) if number % 2 == 0 else said(("No",), (-0.5,))


def test_each_forced_answer_is_asked_about_in_the_chat_that_gave_it(tmp_path: Path) -> None:
    backend, style = Doubting(), PromptStyle(rubric="Target {target}.", forced="Forced.")
    questions = [Question(f"q{i}", f"Question {i}?", (f"a{i}",)) for i in range(ASKED_ABOUT_AT_ONCE + 1)]
    sweep = Sweep(
        targets=(0.5,), style=style, grader=alias_match(), samples=1, truncated=Verdict.WRONG, confidence="p_true"
    )
    rows = run_sweep(backend, questions, sweep, tmp_path / "rows.jsonl")
    doubts = [text for text in backend.asked if "correct?" in text]
    assert doubts[0] == "Question 0?\nForced. / a0 / Is this answer to the question correct? Reply with Yes or No."
    assert len(doubts) == len(questions)
    own = {row.id: row for row in rows if row.threshold == 0 and row.sample == 0}
    assert own["q0"].confidence == pytest.approx(math.exp(-0.5))
    assert own[f"q{ASKED_ABOUT_AT_ONCE - 1}"].confidence == pytest.approx(1 - math.exp(-0.5))
    assert own[f"q{ASKED_ABOUT_AT_ONCE}"].confidence == pytest.approx(math.exp(-0.5))
    assert {row.confidence for row in rows if not (row.threshold == 0 and row.sample == 0)} == {None}


def test_the_gates_odds_give_back_the_confidence_at_every_target() -> None:
    # A gate at its minimum answers with probability p(1 − t)/(p(1 − t) + (1 − p)t): at p = 0.6, t = 0.75 that is
    # 0.15/(0.15 + 0.3) = 1/3, and at t = 0.25 it is 0.45/(0.45 + 0.1) = 9/11.
    assert gate_confidence({0.75: math.log(2 / 3)}) == pytest.approx(0.6)
    assert gate_confidence({0.75: math.log(2 / 3), 0.25: math.log(2 / 11)}) == pytest.approx(0.6)
    assert gate_confidence({0.5: 0.0, 0.9: -math.inf}) == 0.5  # always abstaining is 0, never abstaining 1


class Gated(Doubting):
    """Abstains with the probability that its prompt's target says."""

    confidence_sources: frozenset[ConfidenceSource] = frozenset({"gate"})

    def log_probabilities(self, chats: Sequence[Sequence[Message]], text: str) -> list[float]:
        assert text == "I don't know"
        self.asked += [self.render(chat) for chat in chats]
        return [math.log(0.5) for _ in chats]


def gated_rows(tmp_path: Path) -> list[Response]:
    style = PromptStyle(rubric="Target {target}.", forced="Forced.", phrase="I don't know")
    sweep = Sweep(
        targets=(0.2, 0.6), style=style, grader=alias_match(), samples=0, truncated=Verdict.WRONG, confidence="gate"
    )
    return run_sweep(Gated(), [Question("q", "Question 1?", ("a1",))], sweep, tmp_path / "rows.jsonl")


def test_the_gate_is_asked_at_every_target_and_its_mean_is_the_items_confidence(tmp_path: Path) -> None:
    rows = {row.threshold: row for row in gated_rows(tmp_path)}
    assert (rows[0.0].confidence, rows[0.0].confidence_source) == (pytest.approx(0.4), "gate")  # (0.2 + 0.6) / 2
    assert (rows[0.2].confidence, rows[0.6].confidence) == (None, None)


def test_a_gate_is_no_reference_of_what_it_decides(tmp_path: Path) -> None:
    rows = gated_rows(tmp_path)
    found = score(rows, resamples=0)
    for name in ("adherence", "adherence_reference", "normalized_regret", "threshold_slope"):
        assert found[name] is None
        assert found["omitted"][name] == GATE_IS_NO_REFERENCE
    assert found["brier"]["value"] == pytest.approx(0.36)  # right with 0.4
    assert f"whether it abstains when it should is undefined: {GATE_IS_NO_REFERENCE};" in headline({"m": found})
    known = [replace(row, exact_confidence=0.5) for row in rows]
    assert score(known, resamples=0)["adherence_exact"]["all"]["value"] == 0.5  # it answers at 0.2 and at 0.6


def test_a_gate_needs_prompts_that_state_a_target() -> None:
    with pytest.raises(ValueError, match="the gate is read where a prompt states a target"):
        Sweep(
            targets=(), style=PromptStyle(), grader=alias_match(), samples=0, truncated=Verdict.WRONG,
            confidence="gate", post_hoc=True,
        )  # fmt: skip
