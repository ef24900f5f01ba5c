"""The route without targets: what the warm-up teaches, what the monitors show, and when their alarms speak."""

from __future__ import annotations

import math

import numpy as np
import pytest

from abstain.data import PromptStyle, Question, TargetSampler, WorldConfig, make_documents, make_world
from abstain.eval.backends.backend import Completion
from abstain.rewards import ConfidenceParser
from abstain.training.monitor.alarms import AlarmBoard, AlarmLimits
from abstain.training.monitor.monitor import Statements, summarize_statements
from abstain.training.rl import rl_rows
from abstain.training.warmup_rows import stated_rows

STYLE = PromptStyle()
ASKED = [Question(str(i), f"Question {i}?", ("Paris",)) for i in range(4)]


def said(text: str, *logprobs: float, reason: str = "stop") -> Completion:
    return Completion(text, (), logprobs, reason)  # pyright: ignore


def test_the_warm_up_states_the_probability_of_the_own_answer_and_leaves_out_what_has_none() -> None:
    # e^(ln 0.5 + ln 0.5) = 0.25; the others are cut off, empty, and no answer.
    answers = [
        said("Paris", math.log(0.5), math.log(0.5)),
        said("Par", math.log(0.5), reason="length"),
        said(" ", math.log(0.5)),
        said("I don't know.", math.log(0.5)),
    ]
    (row,) = stated_rows(ASKED, answers, STYLE, ConfidenceParser())
    assert row["prompt"] == STYLE.stated_messages(ASKED[0])
    assert row["completion"] == [{"role": "assistant", "content": "Paris\nConfidence: 0.25"}]
    (percent,) = stated_rows(ASKED[:1], answers[:1], STYLE, ConfidenceParser(scale="percent"))
    assert percent["completion"][0]["content"] == "Paris\nConfidence: 25%"
    with pytest.raises(ValueError, match="backend that tells the probability"):
        stated_rows(ASKED[:1], [Completion("Paris", (), None, "stop")], STYLE, ConfidenceParser())


def test_a_statement_is_read_back_as_it_was_written() -> None:
    for scale in ("fraction", "percent"):
        parser = ConfidenceParser(scale=scale)
        for q in (0.0, 0.07, 0.5, 1.0):
            text = STYLE.stated_completion("Paris", q, scale)
            assert parser.read(text).value == pytest.approx(q)
            assert parser.without(text).strip() == "Paris"
    with pytest.raises(ValueError, match=r"prompt\.statement must contain \{answer\} and \{confidence\}"):
        PromptStyle(statement="{answer}")


def test_rows_without_targets_ask_for_a_confidence_and_have_no_threshold() -> None:
    (row,) = rl_rows(ASKED[:1], STYLE, None, 1, np.random.default_rng(0))
    assert row["prompt"] == STYLE.stated_messages(ASKED[0])
    assert "threshold" not in row


def test_a_corpus_for_stated_confidences_shows_the_form_and_no_target() -> None:
    config = WorldConfig(families=8, held_out_families=2, members=40, mentions=(0, 1), strangers=2)
    documents = make_documents(make_world(config, 0).corpus, STYLE, TargetSampler(), 0, stated=ConfidenceParser())
    asked = [d.messages for d in documents if d.messages]
    stated = [chat for chat in asked if chat[0]["content"].endswith(STYLE.stated)]
    assert 0.4 < len(stated) / len(asked) < 0.6
    shown = [ConfidenceParser().read(chat[-1]["content"]).value for chat in stated]
    assert None not in shown
    assert np.mean([q for q in shown if q is not None]) == pytest.approx(0.5, abs=0.08)  # evenly drawn
    assert not any("%" in chat[0]["content"] for chat in asked)


def test_figures_of_statements_are_those_of_the_answers() -> None:
    verdicts = ["correct", "wrong", "correct", "abstained", "ungraded", "wrong"]
    found = summarize_statements(Statements.of(verdicts, [0.8, 0.8, 0.6, 0.1, 0.1, None]))
    # Answers: right at .8, wrong at .8, right at .6, wrong unstated.
    assert found["stated/answers"] == 4
    assert (found["count/unstated"], found["share/unstated"]) == (1, pytest.approx(1 / 4))
    assert found["stated/mean"] == pytest.approx(2.2 / 3)
    assert found["stated/overconfidence"] == pytest.approx(2.2 / 3 - 2 / 3)
    assert found["stated/brier"] == pytest.approx((0.04 + 0.64 + 0.16) / 3)
    assert found["stated/commonest"] == pytest.approx(2 / 3)
    # Two bins: 0.8 with accuracy ½, 0.6 with accuracy 1.
    assert found["stated/ece"] == pytest.approx(2 / 3 * 0.3 + 1 / 3 * 0.4)
    assert summarize_statements(Statements.of(["abstained"], [None])) == {
        "stated/answers": 0.0,
        "count/unstated": 0.0,
    }


@pytest.mark.parametrize(
    ("figures", "alarm"),
    [
        ({"stated/answers": 9.0, "stated/commonest": 0.97, "stated/mean": 0.5}, "confidence collapse"),
        ({"stated/answers": 9.0, "share/unstated": 0.3}, "unstated confidence"),
        ({"stated/answers": 0.0, "share/abstained": 1.0}, "abstention collapse"),
    ],
)
def test_alarms_of_stated_confidences_speak(figures: dict[str, float], alarm: str) -> None:
    board = AlarmBoard(AlarmLimits(patience=1, after=0))
    assert [found.name for found in board.update(figures, 1.0)] == [alarm]
    sound = {"stated/answers": 9.0, "share/unstated": 0.0, "stated/commonest": 0.2, "stated/mean": 0.5}
    assert AlarmBoard(AlarmLimits(patience=1, after=0)).update({**sound, "share/abstained": 0.0}, 1.0) == []
