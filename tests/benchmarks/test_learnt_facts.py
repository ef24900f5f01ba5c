"""Facts that a model is trained on: what is drawn, and what is measured of models whose every probability is known."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from learnt_facts import FactSet, birthday_facts, draw, measure_learnt, stranger_facts

from abstain.data import InputError


def ideal(facts: FactSet, known: np.ndarray, answering: float) -> np.ndarray:
    """ln p̂ of the theorem's learner: what is known as p has it, else the chance spread over all values."""
    count, values = len(facts.questions), len(facts.values)
    model = np.full((count, values + 1), answering / values)
    for c, question in enumerate(facts.questions):
        if known[c]:
            model[c] = 0
            model[c, facts.values.index(question.answers[0])] = answering
    model[:, values] = 1 - answering
    with np.errstate(divide="ignore"):
        return np.log(model)


def test_the_theorems_learner_errs_on_the_missing_mass_and_is_calibrated() -> None:
    facts = stranger_facts(200, 20, seed=0)
    assert len({q.text for q in facts.questions}) == 200
    drawn = draw(200, 300, 0.9, np.random.default_rng(0))
    assert int(drawn.answered.sum() + drawn.abstained.sum()) == 300
    row = measure_learnt(facts, drawn, ideal(facts, drawn.answered > 0, 0.9), seed=0)
    # 19 of 20 of the missing mass is wrong
    assert row["err"]["value"] == pytest.approx(0.95 * 0.9 * (drawn.answered == 0).mean())
    assert row["delta"]["value"] == pytest.approx(0, abs=1e-12)
    assert row["singleton_rate"] == (drawn.answered == 1).sum() / 300
    assert row["floor_mean"] == pytest.approx(row["singleton_rate"] - 2 / 19)
    assert row["floor"] == pytest.approx(row["floor_mean"] - row["sampling_term"])
    assert row["floor_mean"] <= row["err"]["value"] <= row["ceiling"]
    by_mentions = {own["mentions"]: own for own in row["by_mentions"]}
    assert by_mentions["0"]["err"]["value"] == pytest.approx(0.9 * 0.95)
    assert by_mentions["1"]["err"]["value"] == 0
    assert by_mentions["1"]["correct"]["value"] == pytest.approx(0.9)
    assert sum(own["questions"] for own in by_mentions.values()) == 200


def test_a_birthday_may_be_any_day_of_the_year(tmp_path: Path) -> None:
    people = tmp_path / "people.jsonl"
    rows = [{"name": "Ada Bo", "birthday": "1972-02-29"}, {"name": "Cy Do", "birthday": "1958-10-13"}]
    people.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    facts = birthday_facts(str(people))
    assert [(q.text, q.answers) for q in facts.questions] == [
        ("When is Ada Bo's birthday?", ("February 29",)),
        ("When is Cy Do's birthday?", ("October 13",)),
    ]
    assert len(facts.values) == len(set(facts.values)) == 366
    assert (facts.values[0], facts.values[-1]) == ("January 1", "December 31")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"name": "Ada", "birthday": "13.10.1958"}],
            r"people.jsonl:1: birthday must be a date as 1958-10-13, got '13",
        ),
        ([{"birthday": "1958-10-13"}], "people.jsonl:1: name is missing"),
        ([{"name": "Ada", "birthday": "1958-10-13"}], "needs at least 2 people, got 1"),
    ],
)
def test_a_file_without_birthdays_is_refused_by_line(tmp_path: Path, rows: list[dict[str, str]], message: str) -> None:
    people = tmp_path / "people.jsonl"
    people.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        birthday_facts(str(people))


def test_the_birthdays_of_617_people_are_facts_of_one_of_366_days(tmp_path: Path) -> None:
    days = np.random.default_rng(0).integers(0, 366, 617)
    rows = [
        {"name": f"Person {i}", "birthday": str(date(1972, 1, 1) + timedelta(days=int(day)))}
        for i, day in enumerate(days)
    ]
    people = tmp_path / "people.jsonl"
    people.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    facts = birthday_facts(str(people))
    assert len(facts.questions) == 617
    drawn = draw(617, 617, 0.9, np.random.default_rng(1))
    row = measure_learnt(facts, drawn, ideal(facts, drawn.answered > 0, 0.9), seed=0)
    # E_c are the 365 other days of the year
    assert row["threshold"] == pytest.approx(1 / 365)
    assert row["verdict"] == "holds"
    # The singleton rate of 617 draws estimates what is missing to a few hundredths; the theorem allows for more.
    assert row["err"]["value"] == pytest.approx(row["singleton_rate"], abs=0.06)
    assert row["err"]["value"] >= row["floor"]
