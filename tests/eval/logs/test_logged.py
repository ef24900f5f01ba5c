"""Rows of any system: every mistake is named with its place, nothing is imputed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from abstain.data import InputError
from abstain.eval.logs.formats import read_log
from abstain.eval.logs.rows import KNOWN_KEYS, Logged, read_logged, read_verdict
from abstain.eval.logs.score import Grading
from abstain.rewards import AbstentionDetector, Verdict, alias_match, choice_match

RIGHT = {"id": "q1", "verdict": "correct"}


def log(path: Path, *rows: Any) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def read(tmp_path: Path, *rows: Any, scale: Any = None, **grading: Any) -> Logged:
    how = Grading(**{"grader": alias_match(), "detector": AbstentionDetector(), **grading})
    return read_logged(read_log(log(tmp_path / "a.jsonl", *rows)), how, scale)


def test_a_row_needs_an_id_and_a_verdict_and_nothing_else(tmp_path: Path) -> None:
    (row,) = read(tmp_path, RIGHT).responses
    assert (row.id, row.verdict, row.threshold, row.sample, row.confidence) == ("q1", Verdict.CORRECT, None, 0, None)


def test_why_a_completion_ended_decides_where_it_was_cut_off_or_withheld(tmp_path: Path) -> None:
    said: dict[str, Any] = {"completion": "Par", "answers": ["Paris"]}
    rows = [{**said, "id": i, "finish_reason": why} for i, why in enumerate(("length", "content_filter", "stop", None))]
    found = read(tmp_path, *rows, {"id": "kept", "verdict": "abstained", "finish_reason": "content_filter"}).responses
    assert [row.verdict.value for row in found] == ["wrong", "ungraded", "wrong", "wrong", "abstained"]
    assert [row.reason for row in found[:2]] == ["truncated", "content filter"]
    assert [row.truncated for row in found] == [True, False, False, False, False]


def test_a_row_without_a_verdict_is_graded(tmp_path: Path) -> None:
    said = ["Paris", "Lyon", "I don't know", "I'm not sure, but Paris"]
    rows = [{"id": i, "completion": text, "answers": ["Paris"]} for i, text in enumerate(said)]
    found = read(tmp_path, *rows)
    assert [row.verdict.value for row in found.responses] == ["correct", "wrong", "abstained", "correct"]
    assert found.how == {"graded": 4}


def test_a_verdict_is_kept_unless_rows_are_graded_again(tmp_path: Path) -> None:
    row = {**RIGHT, "completion": "Lyon", "answers": ["Paris"]}
    assert read(tmp_path, row).responses[0].verdict is Verdict.CORRECT
    again = read(tmp_path, row, {"id": "q2", "verdict": "abstained"}, regrade=True)
    assert [r.verdict for r in again.responses] == [Verdict.WRONG, Verdict.ABSTAINED]  # nothing to grade the second by
    assert (again.how, again.changed) == ({"graded": 1, "kept": 1}, 1)


def test_without_accepted_answers_only_abstaining_is_right(tmp_path: Path) -> None:
    said = ["I don't know", "Paris", ""]
    rows = [{"id": i, "completion": text, "answers": []} for i, text in enumerate(said)]
    assert [r.verdict.value for r in read(tmp_path, *rows).responses] == ["abstained", "wrong", "wrong"]


def test_a_completion_that_was_cut_off_is_not_graded(tmp_path: Path) -> None:
    row = {"id": 1, "completion": "Paris", "answers": ["Paris"], "truncated": True}
    assert read(tmp_path, row).responses[0].verdict is Verdict.WRONG
    assert read(tmp_path, row, truncated=Verdict.UNGRADED).responses[0].verdict is Verdict.UNGRADED


def test_choices_reach_the_grader(tmp_path: Path) -> None:
    row = {"id": 1, "completion": "B", "answers": ["Rome"], "choices": ["Milan", "Rome"]}
    assert read(tmp_path, row, grader=choice_match()).responses[0].verdict is Verdict.CORRECT


def test_unknown_keys_are_named_and_passed_over(tmp_path: Path) -> None:
    assert read(tmp_path, {**RIGHT, "cost": 3, "confidance": 0.4}).ignored == ("confidance", "cost")


def test_a_last_line_cut_off_by_a_kill_is_dropped_and_one_without_a_newline_is_not(tmp_path: Path) -> None:
    path = log(tmp_path / "a.jsonl", RIGHT)
    grading = Grading(grader=alias_match(), detector=AbstentionDetector())
    path.write_text(path.read_text() + '{"id": "q2", "ver')
    assert len(read_logged(read_log(path), grading).responses) == 1
    path.write_text(path.read_text()[: -len('{"id": "q2", "ver')] + json.dumps({"id": "q2", "verdict": "wrong"}))
    assert len(read_logged(read_log(path), grading).responses) == 2


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        (("correct", "Correct", "true", "TRUE", "right", "C", "1", 1, 1.0, True), Verdict.CORRECT),
        (("wrong", "incorrect", "Incorrect", "false", "I", "0", 0, 0.0, False), Verdict.WRONG),
        (("abstained",), Verdict.ABSTAINED),
    ],
)
def test_a_verdict_may_be_a_common_word_or_a_boolean(words: tuple[object, ...], verdict: Verdict) -> None:
    assert {read_verdict({"verdict": word}, "a.jsonl:1") for word in words} == {verdict}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["{"], r"a\.jsonl:1: not JSON"),
        (["[1]"], r"a\.jsonl:1: expected a JSON object, got list"),
        ([{"verdict": "correct"}], r"a\.jsonl:1: no key 'id'$"),
        ([{"Id": 1, "verdict": "correct"}], r"no key 'id'; did you mean 'Id'\?"),
        ([{"id": True, "verdict": "correct"}], r"key 'id' is true; allowed are a text or a whole number"),
        ([{"id": 1.5, "verdict": "correct"}], r"key 'id' is 1\.5; allowed are a text or a whole number"),
        (
            [RIGHT, {"id": "q2", "verdict": "corect"}],
            r"a\.jsonl:2: key 'verdict' is \"corect\"; allowed are correct, wrong, ",
        ),
        ([{"id": 1, "verdict": "corect"}], r"abstained, ungraded, .*; did you mean 'correct'\?"),
        ([{"id": 1, "verdict": "incorect"}], r"wrong; did you mean 'incorrect'\?"),
        ([{"id": 1, "verdict": "untrue"}], r"true or 1 for correct and false or 0 for wrong$"),
        ([{"id": 1, "verdict": 2}], r"key 'verdict' is 2; allowed are correct"),
        ([{"id": 1}], r"a\.jsonl:1: no key 'verdict', and no 'completion' with 'answers' to grade"),
        ([{"id": 1, "completion": "x"}], r"no 'completion' with 'answers'"),
        ([{**RIGHT, "confidence": "0.8"}], r"key 'confidence' is \"0\.8\"; allowed are numbers and null"),
        (
            ['{"id": 1, "verdict": "correct", "confidence": NaN}'],
            r"key 'confidence' is nan; allowed are numbers, and null",
        ),
        (['{"id": 1, "verdict": "correct", "confidence": Infinity}'], r"key 'confidence' is inf"),
        ([{**RIGHT, "confidence": True}], r"key 'confidence' is true"),
        (
            [{**RIGHT, "threshold": 75}],
            r"key 'threshold' is 75; allowed are numbers in \[0, 1\); targets are fractions",
        ),
        ([{**RIGHT, "t": 1}], r"key 't' is 1; allowed are numbers in \[0, 1\)$"),
        ([{**RIGHT, "t": "0.5"}], r"key 't' is \"0\.5\"; allowed are numbers"),
        ([{**RIGHT, "t": 0.5, "threshold": 0.5}], r"keys 't' and 'threshold' are the same thing"),
        ([{**RIGHT, "sample": -1}], r"key 'sample' is -1; allowed are 0, 1, 2"),
        ([{**RIGHT, "sample": "0"}], r"key 'sample' is \"0\""),
        ([{**RIGHT, "exact_confidence": 1.2}], r"key 'exact_confidence' is 1\.2; allowed are fractions in \[0, 1\]"),
        ([{**RIGHT, "completion": ["x"]}], r"key 'completion' is \[\"x\"\]; allowed is a text"),
        ([{**RIGHT, "answers": [["x"]]}], r"key 'answers' is \[\[\"x\"\]\]; allowed is a list of texts"),
        ([{**RIGHT, "truncated": "no"}], r"key 'truncated' is \"no\"; allowed are true and false"),
        (
            [RIGHT, RIGHT],
            r"a\.jsonl:2: id 'q1', threshold None, sample 0 is already at a\.jsonl:1; number repeated",
        ),
        (
            [{**RIGHT, "answers": ["a"]}, {**RIGHT, "sample": 1, "answers": ["b"]}],
            r"a\.jsonl:2: key 'answers' of id 'q1' is \[\"b\"\], but \[\"a\"\] at a\.jsonl:1; all rows",
        ),
        ([{**RIGHT, "split": "a"}, {**RIGHT, "t": 0.5, "split": "b"}], r"key 'split' of id 'q1' is \"b\", but \"a\""),
        (
            [{**RIGHT, "exact_confidence": 0.5}, {**RIGHT, "t": 0.5, "exact_confidence": 0.6}],
            r"key 'exact_confidence' of id 'q1' is 0\.6, but 0\.5",
        ),
        ([], r"a\.jsonl: no rows; an empty file cannot be scored"),
    ],
)
def test_errors_name_place_key_value_and_what_is_allowed(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, *rows)


def confidences(*values: float) -> list[dict[str, Any]]:
    return [{"id": i, "verdict": "correct", "confidence": q} for i, q in enumerate(values)]


def test_percentages_are_refused_and_never_rescaled_in_silence(tmp_path: Path) -> None:
    rows = confidences(85, 90, 0.5, 100)
    message = r"a\.jsonl:1: key 'confidence' is 85, and 3 of 4 confidences lie between 1 and 100: .* percent .* unit"
    with pytest.raises(InputError, match=message):
        read(tmp_path, *rows)
    assert [r.confidence for r in read(tmp_path, *rows, scale="percent").responses] == [0.85, 0.9, 0.005, 1.0]
    assert [r.confidence for r in read(tmp_path, *rows, scale="unit").responses] == [85, 90, 0.5, 100]


def test_confidences_out_of_ten_are_refused_until_the_scale_is_said(tmp_path: Path) -> None:
    rows = confidences(8, 9, 0, 10)
    with pytest.raises(InputError, match=r"they may be out of 10 or percentages.*ten.*percent.*unit"):
        read(tmp_path, *rows)
    assert [r.confidence for r in read(tmp_path, *rows, scale="ten").responses] == [0.8, 0.9, 0.0, 1.0]
    with pytest.raises(InputError, match="no scale of 0 to 10; leave --confidence-scale ten out"):
        read(tmp_path, *confidences(0.8, 1), scale="ten")


def test_a_few_confidences_out_of_range_are_kept_to_be_counted(tmp_path: Path) -> None:
    rows = confidences(*[0.5] * 40, 1.2, -0.1)
    assert [r.confidence for r in read(tmp_path, *rows).responses][-2:] == [1.2, -0.1]


def test_fractions_said_to_be_percentages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no confidence is above 1 \(the first is 0\.5\)"):
        read(tmp_path, *confidences(0.5, 1), scale="percent")


def test_a_key_called_scored_decides_nothing(tmp_path: Path) -> None:
    row = {"id": 1, "completion": "Rome", "answers": ["Paris"], "scored": "0"}
    found = read(tmp_path, row)
    assert (found.responses[0].verdict, found.how, found.ignored) == (Verdict.WRONG, {"graded": 1}, ("scored",))


def test_answers_that_the_grader_cannot_read_are_named(tmp_path: Path) -> None:
    row = {"id": 1, "completion": "A", "answers": ["Rome"], "choices": ["Milan", "Turin"]}
    with pytest.raises(InputError, match=r"a\.jsonl:1: key 'answers': "):
        read(tmp_path, row, grader=choice_match())


def test_the_keys_that_the_docs_name_are_the_keys_that_are_read() -> None:
    text = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text(encoding="utf-8")
    table = text.split("| key | value |")[1].split("\n\n")[0]
    named = {
        key for line in table.splitlines() for key in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    }
    assert len(named) >= 17
    assert named <= KNOWN_KEYS
