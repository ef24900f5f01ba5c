"""Ready question sets: the layout of the Hub in small made files, and the files in which the sets are handed on."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from abstain.data import QUESTION_SETS, InputError, Question, find_set, load_questions, load_set

DATA_FILES = Path(__file__).parents[1] / "data_files"

# One row of each set in the columns of its Hub data set, values made up.
HUB_ROWS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "triviaqa": (
        {
            "question": "Who wrote it?",
            "question_id": "tc_2",
            "question_source": "http://www.example.org/",
            "entity_pages": {"doc_source": [], "filename": [], "title": [], "wiki_context": []},
            "search_results": {"description": [], "filename": [], "rank": [], "title": [], "url": []},
            "answer": {
                "aliases": ["Ann B.", "A. B."],
                "normalized_aliases": ["ann b", "b"],
                "matched_wiki_entity_name": "",
                "normalized_matched_wiki_entity_name": "",
                "normalized_value": "ann b",
                "type": "WikipediaEntity",
                "value": "Ann B.",
            },
        },
        ("Ann B.", "A. B."),
    ),
    "nq-open": ({"question": "when was it", "answer": ["1972", "December 1972"]}, ("1972", "December 1972")),
    "simpleqa": ({"metadata": "{'topic': 'Art'}", "problem": "Who drew it?", "answer": "Ann B."}, ("Ann B.",)),
    "popqa": (
        {
            "id": 7,
            "subj": "Ann",
            "prop": "occupation",
            "obj": "poet",
            "s_aliases": "[]",
            "o_aliases": '["bard"]',
            "s_pop": 41,
            "o_pop": 9,
            "question": "What is Ann's occupation?",
            "possible_answers": '["poet", "bard"]',
        },
        ("poet", "bard"),
    ),
    "entityquestions": ({"question": "Where was Ann born?", "answers": ["Lima"], "relation": "P19"}, ("Lima",)),
    "gsm8k": ({"question": "How many?", "answer": "5 * 500 = <<5*500=2500>>2500\n#### 2,500"}, ("2500",)),
    "math": (
        {"problem": "Solve.", "level": "Level 5", "type": "Algebra", "solution": r"Hence $\boxed{[-2,7]}$."},
        ("[-2,7]",),
    ),
    "math-500": (
        {
            "problem": "Solve.",
            "solution": r"Hence $\boxed{[-2,7]}$.",
            "answer": "[-2,7]",
            "subject": "Algebra",
            "level": 2,
            "unique_id": "test/algebra/1.json",
        },
        ("[-2,7]",),
    ),
    "commonsenseqa": (
        {
            "id": "1afa",
            "question": "Where is money kept?",
            "question_concept": "money",
            "choices": {"label": ["A", "B", "C"], "text": ["bank", "library", "mall"]},
            "answerKey": "A",
        },
        ("bank",),
    ),
    "selfaware": (
        {"question_id": 1, "question": "Which?", "answer": ["song"], "answerable": True, "source": "hotpot_train"},
        ("song",),
    ),
    "umwp": (
        {"id": 1, "question": "How many in all?", "answer": [460.0], "answerable": True, "category": None},
        ("460",),
    ),
}


def write(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_every_set_is_named_with_its_licence_and_one_place_where_it_is_had() -> None:
    assert set(HUB_ROWS) == set(QUESTION_SETS)
    for chosen in QUESTION_SETS.values():
        assert (chosen.hub is None) != (chosen.url is None)
        assert chosen.licence
        assert chosen.source


@pytest.mark.parametrize("name", HUB_ROWS)
def test_the_hubs_columns_are_read(name: str, tmp_path: Path) -> None:
    row, answers = HUB_ROWS[name]
    (question,) = load_set(name, write(tmp_path / "rows.jsonl", row))
    assert question.answers == answers
    assert question.text.startswith(row.get("question", row.get("problem")))


@pytest.mark.parametrize("name", HUB_ROWS)
def test_the_hubs_columns_are_read_from_parquet_too(name: str, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row, answers = HUB_ROWS[name]
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "rows.parquet")
    assert load_set(name, str(tmp_path / "rows.parquet"))[0].answers == answers


def test_choices_keep_their_order_and_the_key_names_one(tmp_path: Path) -> None:
    row = HUB_ROWS["commonsenseqa"][0]
    (question,) = load_set("commonsenseqa", write(tmp_path / "rows.jsonl", {**row, "answerKey": "C"}))
    assert (question.choices, question.answers) == (("bank", "library", "mall"), ("mall",))
    with pytest.raises(
        InputError, match=r"rows.jsonl:1: the answer 'E' is none of the choices' labels \['A', 'B', 'C'\]"
    ):
        load_set("commonsenseqa", write(tmp_path / "rows.jsonl", {**row, "answerKey": "E"}))


def test_choices_in_the_questions_text_are_taken_out_of_it(tmp_path: Path) -> None:
    row = {"id": "x", "problem": "Where is money kept?\nA) bank\nB) a mall\n", "answerKey": "B"}
    (question,) = load_set("commonsenseqa", write(tmp_path / "rows.jsonl", row))
    assert (question.text, question.choices, question.answers) == ("Where is money kept?", ("bank", "a mall"), ("B",))
    with pytest.raises(InputError, match=r"rows.jsonl:1: expected the question to end with choices"):
        load_set("commonsenseqa", write(tmp_path / "rows.jsonl", {**row, "problem": "Where?\nA) bank\nC) mall"}))


def test_unanswerable_items_are_kept_and_nothing_is_right(tmp_path: Path) -> None:
    no = {"question_id": 2, "question": "Who let the dogs out?", "answer": None, "answerable": False}
    first, second = load_set("selfaware", write(tmp_path / "rows.jsonl", HUB_ROWS["selfaware"][0], no))
    assert (first.answerable, first.exact_confidence) == (True, None)
    assert (second.answerable, second.answers, second.exact_confidence) == (False, (), 0.0)
    (odd,) = load_set("umwp", write(tmp_path / "rows.jsonl", {**no, "answer": 3, "id": 2}))
    assert odd.answers == ()


def test_what_marks_an_unanswerable_question_must_be_a_truth_value(tmp_path: Path) -> None:
    for value, answerable in ((False, False), ("no", False), (0, False), ("True", True), (None, True)):
        path = write(tmp_path / "q.jsonl", {"question": "?", "answers": ["x"], "answerable": value})
        assert load_questions(path)[0].answerable is answerable
    path = write(tmp_path / "q.jsonl", {"question": "?", "answers": ["x"], "answerable": "maybe"})
    with pytest.raises(InputError, match=r"q.jsonl:1: column 'answerable' must be true or false, got 'maybe'"):
        load_questions(path)


def test_answers_stand_where_their_marks_are(tmp_path: Path) -> None:
    row = {"problem": "Solve.", "solution": r"So $\boxed{1}$, no: $\boxed{\frac{1}{2}}$."}
    assert load_set("math-500", write(tmp_path / "rows.jsonl", row))[0].answers == (r"\frac{1}{2}",)
    with pytest.raises(InputError, match=r"rows.jsonl:1: column 'solution': expected \\boxed\{ANSWER\}, got 'So 1.'"):
        load_set("math-500", write(tmp_path / "rows.jsonl", {**row, "solution": "So 1."}))
    with pytest.raises(InputError, match=r"rows.jsonl:1: column 'answer': expected '#### ANSWER' at its end, got '42'"):
        load_set("gsm8k", write(tmp_path / "rows.jsonl", {"question": "?", "answer": "42"}))


def test_nested_columns_can_be_named_for_a_file_of_ones_own(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", {"q": {"text": "Capital?"}, "gold": {"names": ["Lima"]}, "a.b": "kept"})
    (question,) = load_questions(path, columns={"question": "q.text", "answers": "gold.names"})
    assert (question.text, question.answers, question.metadata) == ("Capital?", ("Lima",), {"a.b": "kept"})
    (question,) = load_questions(path, columns={"question": "q.text", "answers": "a.b"})
    assert question.answers == ("kept",)


def test_other_columns_are_refused_with_those_that_are_needed(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", {"question": "?", "gold": "x"})
    with pytest.raises(
        InputError, match=r"rows.jsonl:1: no columns of PopQA: expected question, possible_answers; the"
    ):
        load_set("popqa", path)


def test_an_unknown_set_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        InputError, match=r"no question set 'simpelqa'; did you mean 'simpleqa'\?; ready are triviaqa, "
    ):
        find_set("simpelqa")
    assert find_set("owner/name:test") is None
    assert find_set("mine.jsonl") is None
    found = find_set("popqa:dir/dev.jsonl")
    assert found is not None
    assert found[1:] == ("popqa", "dir/dev.jsonl")


def test_a_set_offline_says_what_else_can_be_given() -> None:
    with pytest.raises(InputError, match=r"mandarjoshi/trivia_qa/rc.nocontext:validation: .*HF_HUB_OFFLINE is set"):
        load_set("triviaqa")
    with pytest.raises(InputError, match=r"SelfAware.json: could not be fetched \(HF_HUB_OFFLINE is set\)"):
        load_set("selfaware")


def test_a_set_that_can_be_had_is_had_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    asked: list[tuple[Any, ...]] = []

    def load_dataset(path: str, config: str | None, *, split: str) -> list[dict[str, Any]]:
        asked.append((path, config, split))
        return [HUB_ROWS["gsm8k"][0]]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert load_set("gsm8k")[0].answers == ("2500",)
    load_set("gsm8k", "train")
    assert asked == [("openai/gsm8k", "main", "test"), ("openai/gsm8k", "main", "train")]


def test_a_wrong_split_is_told_with_those_that_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    real = datasets.load_dataset
    local = {"test": write(tmp_path / "test.jsonl", HUB_ROWS["popqa"][0])}

    def load_dataset(path: str, config: str | None, *, split: str) -> Any:
        return real("json", data_files=local, split=split, cache_dir=str(tmp_path / "cache"))

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(InputError, match=r"akariasai/PopQA:dev: Unknown split \"dev\". Should be one of \['test'\]"):
        load_set("popqa", "dev")
    with pytest.raises(InputError, match=r"SelfAware comes in one part, 'all'; there is no 'dev'"):
        load_set("selfaware", "dev")


def test_an_archive_is_read_file_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "dataset.zip", "w") as archive:
        for relation, place in (("P17", "Peru"), ("P19", "Lima")):
            rows = [{"question": f"{relation}?", "answers": [place]}]
            archive.writestr(f"dataset/dev/{relation}.dev.json", json.dumps(rows))
    from dataclasses import replace

    chosen = replace(QUESTION_SETS["entityquestions"], url=str(tmp_path / "dataset.zip"))
    monkeypatch.setitem(QUESTION_SETS, "entityquestions", chosen)
    loaded = load_set("entityquestions", "dev")
    assert [(q.text, q.answers, q.metadata["file"]) for q in loaded] == [
        ("P17?", ("Peru",), "P17"),
        ("P19?", ("Lima",), "P19"),
    ]
    with pytest.raises(InputError, match=r"dataset.zip: holds no files dataset/test/P\*.test.json"):
        load_set("entityquestions")


def test_json_files_hold_one_list_of_objects(tmp_path: Path) -> None:
    rows = [{"question": "?", "answers": ["x"]}]
    (tmp_path / "q.json").write_text(json.dumps({"name": "mine", "keywords": ["a"], "example": rows}))
    assert len(load_questions(str(tmp_path / "q.json"))) == 1
    (tmp_path / "q.json").write_text(json.dumps({"a": rows, "b": rows}))
    with pytest.raises(
        InputError, match=r"q.json: expected a list of JSON objects, or an object that holds exactly one"
    ):
        load_questions(str(tmp_path / "q.json"))


# Rows of the sets, or rows of our own in the sets' layout (data_files/README.md), and how many are unanswerable.
FILES = {
    "triviaqa": ("own/triviaqa.jsonl", 12, 0),
    "nq-open": ("own/nq_open.jsonl", 10, 0),
    "simpleqa": ("own/simpleqa.csv", 10, 0),
    "popqa": ("popqa/dev.jsonl", 200, 0),
    "entityquestions": ("own/entityquestions.jsonl", 10, 0),
    "gsm8k": ("gsm8k/test.jsonl", 120, 0),
    "math-500": ("own/math500.jsonl", 11, 0),
    "commonsenseqa": ("own/commonsenseqa.jsonl", 10, 0),
    "selfaware": ("own/selfaware.json", 10, 4),
    "umwp": ("own/umwp.jsonl", 10, 4),
}


@pytest.mark.parametrize("name", FILES)
def test_every_row_of_the_files_in_which_sets_are_passed_on_is_read(name: str) -> None:
    file, rows, unanswerable = FILES[name]
    loaded = load_set(name, str(DATA_FILES / file))
    assert (len(loaded), sum(not q.answerable for q in loaded)) == (rows, unanswerable)
    assert all(isinstance(q, Question) and q.text for q in loaded)


@pytest.mark.parametrize("name", FILES)
def test_the_grader_of_a_set_accepts_every_answer_of_the_set(name: str) -> None:
    from abstain.recipes.config.graders import GRADER_KINDS
    from abstain.rewards import Verdict

    section = dict(QUESTION_SETS[name].grader)
    if section["kind"] == "math":
        pytest.importorskip("math_verify")
    grade = GRADER_KINDS.section(section["kind"]).model_validate(section).build("I don't know")
    answerable = [q for q in load_set(name, str(DATA_FILES / FILES[name][0])) if q.answerable]
    refused = [
        (q.text, answer)
        for q in answerable
        for answer in q.answers
        if grade(answer, q.answers, q.choices).verdict is not Verdict.CORRECT
    ]
    assert refused == []
