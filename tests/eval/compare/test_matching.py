"""What can be compared, and what is refused unless the overlap is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from abstain.data import InputError
from abstain.eval.compare.matching import match_rows
from abstain.eval.sweep.responses import Response
from abstain.rewards import Verdict


def rows(ids: str = "ab", targets: tuple[float | None, ...] = (0.2, 0.5), **more: Any) -> list[Response]:
    return [Response(id=i, threshold=t, sample=0, verdict=Verdict.CORRECT, **more) for i in ids for t in targets]


def test_the_same_items_and_targets_match() -> None:
    matched = match_rows(rows(), rows())
    assert (len(matched.a), len(matched.b), matched.notes) == (4, 4, ())


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (
            rows("abc"),
            rows("ab"),
            r"the items differ: 1 only in A \(such as 'c'\)\. To compare what both have, say --overlap",
        ),
        (rows("ab"), rows("bcd"), r"the items differ: 1 only in A \(such as 'a'\) and 2 only in B \(such as 'c'\)"),
        (
            rows(targets=(0.2, 0.5)),
            rows(targets=(0.2, 0.6)),
            r"the targets differ: 1 only in A \(such as 0\.5\) and 1 only in B",
        ),
        (
            rows(template="strict"),
            rows(template="mild"),
            r"the prompt templates differ: 1 only in A \(such as 'strict'\)",
        ),
        (rows(), rows()[:-1], r"the pairs of item and target differ: 1 only in A \(such as 'b at 0\.5'\)"),
        (
            rows(model_hash="m", prompt_hash="x"),
            rows(model_hash="m", prompt_hash="y"),
            r"the prompts differ: the same model was asked id 'a' at 0\.2 in other words",
        ),
    ],
)
def test_what_differs_is_refused_and_the_overlap_compared(a: list[Response], b: list[Response], message: str) -> None:
    with pytest.raises(InputError, match=message):
        match_rows(a, b)
    matched = match_rows(a, b, overlap=True)
    assert matched.notes
    pairs = [{(row.id, row.threshold) for row in side} for side in (matched.a, matched.b)]
    assert pairs[0] == pairs[1] == {(r.id, r.threshold) for r in a} & {(r.id, r.threshold) for r in b}


def test_a_system_that_was_not_told_its_target_was_asked_in_other_words() -> None:
    deaf = [
        Response(id=i, threshold=t, sample=0, verdict=Verdict.WRONG, prompt_hash=i) for i in "ab" for t in (0.2, 0.5)
    ]
    told = [
        Response(id=i, threshold=t, sample=0, verdict=Verdict.WRONG, prompt_hash=f"{i}{t}")
        for i in "ab"
        for t in (0.2, 0.5)
    ]
    with pytest.raises(InputError, match="the prompts differ: B was asked without a target, the other was told it"):
        match_rows(told, deaf)
    assert match_rows(deaf, deaf).notes == ()


def test_different_models_may_have_different_prompts_by_their_chat_templates() -> None:
    assert match_rows(rows(model_hash="m", prompt_hash="x"), rows(model_hash="n", prompt_hash="y")).notes == ()


@pytest.mark.parametrize("overlap", [False, True])
def test_one_id_with_two_questions_is_an_error_in_any_case(overlap: bool) -> None:
    with pytest.raises(InputError, match=r"id 'a' is not the same in both: question is 'Who\?' in A and 'What\?' in B"):
        match_rows(rows(question="Who?"), rows(question="What?"), overlap=overlap)
    with pytest.raises(InputError, match=r"answers is \('x',\) in A and \('y',\) in B"):
        match_rows(rows(answers=("x",)), rows(answers=("y",)), overlap=overlap)
    assert match_rows(rows(question="Who?"), rows()).notes == ()  # one of them does not say


def test_nothing_in_common_is_nothing_to_compare() -> None:
    with pytest.raises(InputError, match="nothing to compare: the items differ: 2 only in A"):
        match_rows(rows("ab"), rows("cd"), overlap=True)


def test_a_confidence_can_be_held_against_the_others_targets() -> None:
    assert match_rows(rows(targets=(0.2, 0.5)), rows(targets=(None,))).notes == ()
