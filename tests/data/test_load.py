from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, cast

import pytest

from abstain.data import InputError, load_questions


def write(path: Path, *rows: object) -> str:
    path.write_text(
        "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8"
    )
    return str(path)


def test_jsonl_with_other_columns_and_a_filter(tmp_path: Path) -> None:
    source = write(
        tmp_path / "q.jsonl",
        {"q": "Capital of France?", "gold": "Paris", "set": "a"},
        {"q": "Capital of Peru?", "gold": ["Lima", "Ciudad de los Reyes"], "set": "b"},
        {"q": "Capital of Chad?", "gold": '["N\'Djamena"]', "set": "b"},
    )
    loaded = load_questions(source, columns={"question": "q", "answers": "gold"}, where={"set": ["b"]})
    assert [q.answers for q in loaded] == [("Lima", "Ciudad de los Reyes"), ("N'Djamena",)]
    assert loaded[0].metadata == {"set": "b"}


def test_an_id_of_zero_is_an_id(tmp_path: Path) -> None:
    source = write(tmp_path / "q.jsonl", *({"id": i, "question": "?", "answers": ["x"]} for i in (0, 1)))
    assert [q.id for q in load_questions(source)] == ["0", "1"]


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_bytes(b'{"question": "?", "answers": ["x"]}\n{"question": "Caf\xe9?"}\n')
    with pytest.raises(InputError, match=r"q.jsonl:2: not UTF-8"):
        load_questions(str(tmp_path / "q.jsonl"))


def answers_of_cell(tmp_path: Path, cell: str, **options: Any) -> tuple[str, ...]:
    with (tmp_path / "q.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["question", "answers"], ["Who?", cell]])
    (question,) = load_questions(str(tmp_path / "q.csv"), **options)
    return question.answers


@pytest.mark.parametrize(
    ("cell", "options", "answers"),
    [
        ("Rome", {}, ("Rome",)),
        ('["Rome", "Roma"]', {}, ("Rome", "Roma")),
        ("['Rome', \"L'Aquila\"]", {}, ("Rome", "L'Aquila")),
        ("[-2, 7]", {}, ("[-2, 7]",)),
        ("[redacted]", {}, ("[redacted]",)),
        ("34; 34.0", {}, ("34; 34.0",)),
        ("34; 34.0;", {"separator": ";"}, ("34", "34.0")),
    ],
)
def test_a_cell_holds_one_answer_a_list_or_several_by_a_named_separator(
    cell: str, options: dict[str, Any], answers: tuple[str, ...], tmp_path: Path
) -> None:
    assert answers_of_cell(tmp_path, cell, **options) == answers


def test_a_list_without_commas_and_what_is_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"q.csv:2: column 'answers' holds a list without commas"):
        answers_of_cell(tmp_path, "['Rome' 'Roma']")
    (tmp_path / "q.jsonl").write_text('{"question": "Who?", "answers": [NaN]}\n')
    with pytest.raises(InputError, match=r"q.jsonl:1: column 'answers' must hold a text .*, got \[nan\]"):
        load_questions(str(tmp_path / "q.jsonl"))


@pytest.mark.parametrize(
    ("column", "row"),
    [
        ("question", {"question": "Who\ud800?", "answers": "A"}),
        ("answers", {"question": "Who?", "answers": ["A", "B\udfff"]}),
    ],
)
def test_half_a_surrogate_pair_is_named_with_its_row(column: str, row: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps(row))
    with pytest.raises(InputError, match=rf"q.jsonl:1: column '{column}' holds '.u\w+', half of a surrogate pair, at"):
        load_questions(str(tmp_path / "q.jsonl"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question,answers,answers\nWho?,A,B\n", r"q.csv:1: the column 'answers' stands there twice"),
        ("question,answers\nWho, then?,A\n", r"q.csv:2: has more cells than the header"),
        ("question,answers\nWho?\n", r"q.csv:2: has fewer cells than the header"),
        ('question,answers\n"Who?,A\n', r"q.csv:\d: not a UTF-8 CSV file"),
    ],
)
def test_a_table_whose_columns_are_not_clear_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        load_questions(str(tmp_path / "q.csv"))


def test_csv_and_parquet_load_alike(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text('id,question,answers\n7,"Who, then?","[""A"", ""B""]"\n', encoding="utf-8")
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = cast("Any", pa.table({"id": ["7"], "question": ["Who, then?"], "answers": [["A", "B"]]}))
    pq.write_table(table, tmp_path / "q.parquet")
    assert load_questions(str(tmp_path / "q.csv")) == load_questions(str(tmp_path / "q.parquet"))


BAD_ROWS: list[tuple[list[object], str]] = [
    (["{oops"], r"q.jsonl:1: not JSON"),
    ([{"question": "?", "answers": ["x"]}, "[1]"], r"q.jsonl:2: expected a JSON object, got list"),
    ([{"question": "?"}], r"q.jsonl:1: no value in column 'answers' for the answers; the row has \['question'\]"),
    ([{"question": "?", "answers": []}], "q.jsonl:1: no value in column 'answers'"),
    ([{"question": "?", "answers": [" "]}], "q.jsonl:1: question '1' has no answer"),
    ([{"question": 3, "answers": ["x"]}], "q.jsonl:1: column 'question' must be a text, got 3"),
    ([{"question": "?", "answers": [["x"]]}], "q.jsonl:1: column 'answers' must hold a text or a list"),
    ([], "q.jsonl: no questions; an empty set cannot be used"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_ROWS)
def test_bad_rows_name_file_line_and_column(tmp_path: Path, rows: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_questions(write(tmp_path / "q.jsonl", *rows))


def test_missing_files_unknown_kinds_and_unknown_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone.jsonl: no such file"):
        load_questions(str(tmp_path / "gone.jsonl"))
    (tmp_path / "q.txt").write_text("x")
    with pytest.raises(InputError, match=r"not a question file; allowed are .jsonl, .json, .csv, .parquet files"):
        load_questions(str(tmp_path / "q.txt"))
    with pytest.raises(InputError, match=r"data.columns.anwers: unknown field; allowed are id, question, answers"):
        load_questions(write(tmp_path / "q.jsonl"), columns={"anwers": "x"})


def test_a_hub_id_offline_fails_in_one_line_with_the_options() -> None:
    with pytest.raises(InputError, match=r"offline, give a .jsonl, .csv or .parquet file") as caught:
        load_questions("nobody/nothing-of-the-kind")
    assert "\n" not in str(caught.value)
    assert "HF_HUB_OFFLINE is set" in str(caught.value)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"level": [1]}, "a"),
        ({"level": [2.5, 3]}, "bc"),
        ({"level": ["1"]}, "a"),
        ({"hard": [True]}, "bc"),
        ({"hard": [None]}, "d"),
        ({"level": [2.5], "hard": [True]}, "b"),
    ],
)
def test_rows_of_a_csv_file_are_chosen_by_what_their_texts_say(
    where: dict[str, list[Any]], kept: str, tmp_path: Path
) -> None:
    cells = ("a,1,false", "b,2.5,True", "c,3.0,TRUE", "d,x,")
    lines = ["id,level,hard,question,answers", *(f"{cell},Who?,Ada" for cell in cells)]
    (tmp_path / "q.csv").write_text("\n".join(lines), encoding="utf-8")
    assert "".join(one.id for one in load_questions(str(tmp_path / "q.csv"), where=where)) == kept


def test_rows_are_chosen_by_a_nested_field(tmp_path: Path) -> None:
    rows = [{"id": str(n), "question": "Who?", "answers": ["Ada"], "meta": {"level": n}} for n in (1, 2)]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (found,) = load_questions(str(tmp_path / "q.jsonl"), where={"meta.level": [2]})
    assert found.id == "2"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": [{"role": "user", "content": "?"}], "answers": ["a"]}, r"data\.columns\.messages=prompt \("),
        ({"question": "?", "ground_truth": "a"}, r"column 'answers' .*data\.columns\.answers=ground_truth \("),
        (
            {"prompt": "?", "solution": "a"},
            r"'question' for the question and .*data\.columns\.question=prompt data\.columns\.answers=solution",
        ),
        ({"a": 1}, r"column 'question' for the question and column 'answers' for the answers; the row has \['a'\]"),
        ({"question": "?", "answers": None}, "q.jsonl:1: answers is null; give answers, answerable: false, or leave"),
        ({"question": "?", "choices": ["a", "b"], "answer": 1}, r"data\.columns\.answers=answer"),
    ],
)
def test_missing_columns_are_told_at_once_with_those_that_may_be_meant(
    row: dict[str, object], message: str, tmp_path: Path
) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps(row))
    with pytest.raises(InputError, match=message):
        load_questions(str(tmp_path / "q.jsonl"))


@pytest.mark.parametrize(
    ("answer", "answers"), [("Rome", ("Rome",)), (["Rome", "Roma"], ("Rome", "Roma")), (4, ("4",))]
)
def test_the_column_answer_is_read_where_there_is_no_answers(
    answer: object, answers: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps({"question": "?", "answer": answer}))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_questions("~/q.jsonl")[0].answers == answers
