"""`abstain score` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from abstain.data import InputError
from abstain.recipes.commands.cli import app
from abstain.rewards import Verdict
from abstain.rewards.judge.judge import JudgeMatch, shared_cache

LOGS = Path(__file__).parents[2] / "eval" / "logs"
DATA_FILES = Path(__file__).parents[2] / "data_files"
ROWS = [
    {"id": "a", "completion": "It is Paris.", "answers": ["Paris"], "verdict": "wrong"},
    {"id": "b", "completion": "I don't know", "answers": ["Rome"], "verdict": "abstained"},
]


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["score", *map(str, arguments)], catch_exceptions=True)
    if done.exception is not None:
        raise done.exception
    return done.output


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def metrics(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def test_a_file_is_scored_shown_and_written(tmp_path: Path) -> None:
    out = tmp_path / "scored"
    text = run(write(tmp_path / "a.jsonl", ROWS), "--out", out)
    assert "2 rows, 2 items (rows); verdicts alone" in text
    assert "verdicts: 1 wrong, 1 abstained (2 as logged)" in text
    assert "The system answers 2 questions with no target stated: 0.0 % right, 50.0 % wrong, 50.0 % abstained." in text
    assert "left out, the rows have neither a target nor a confidence: adherence_exact, " in text
    found = metrics(out)
    assert found["rates"]["abstention_rate"]["value"] == 0.5
    assert found["source"]["format"] == "rows"
    rows = [json.loads(line) for line in (out / "responses.jsonl").read_text().splitlines()]
    assert [row["verdict"] for row in rows] == ["wrong", "abstained"]


def test_wrong_rows_that_contain_an_accepted_answer_are_shown_with_the_option_that_reads_them(tmp_path: Path) -> None:
    text = run(write(tmp_path / "a.jsonl", ROWS))  # the log's own verdict is wrong
    assert (
        "note: 1 of 1 completions judged wrong contain an accepted answer ('It is Paris.' for 'Paris'); "
        "--regrade --grader auto reads answers in sentences."
    ) in text
    again = run(tmp_path / "a.jsonl", "--grader", "auto", "--regrade")
    assert "verdicts: 1 correct, 1 abstained" in again
    assert "judged wrong" not in again
    denied = [{"id": "a", "completion": "It is Rome, not Paris.", "answers": ["Paris"]}]
    text = run(write(tmp_path / "c.jsonl", denied))
    assert "'{kind: auto, otherwise: {kind: judge, model: MODEL}}' asks a judge model about them." in text
    short = [{"id": str(i), "completion": "Rome. Confidence: 80%", "answers": ["Paris"]} for i in range(4)]
    text = run(write(tmp_path / "b.jsonl", short), "--grader", "alias")
    assert "4 of 4 completions judged wrong state a confidence that is not read ('Rome. Confidence: 80%')" in text
    assert "--stated percent (or fraction) reads it" in text
    assert "is not read" not in run(tmp_path / "b.jsonl", "--grader", "alias", "--stated", "percent")


def test_sentences_and_letters_are_read_without_a_grader_being_named(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "completion": "The capital of France is Paris.", "answers": ["Paris"]},
        {"id": "b", "completion": "(B)", "answers": ["Paris"], "choices": ["Rome", "Paris"]},
        {"id": "c", "completion": "It is Rome, not Paris.", "answers": ["Paris"]},
    ]
    assert "verdicts: 2 correct, 1 wrong" in run(write(tmp_path / "a.jsonl", rows))


def test_scoring_the_written_rows_again_gives_the_same(tmp_path: Path) -> None:
    run(write(tmp_path / "a.jsonl", ROWS), "--out", tmp_path / "one")
    run(tmp_path / "one", "--out", tmp_path / "two")
    one, two = metrics(tmp_path / "one"), metrics(tmp_path / "two")
    assert {**one, "source": 0} == {**two, "source": 0}


def test_rows_are_graded_again_by_another_grader(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", ROWS)
    assert "1 correct, 1 abstained (2 graded here by contains, 1 changed)" in run(
        file, "--regrade", "--grader", "contains"
    )
    again = run(file, "--regrade", "--grader", "{kind: contains, several_answers: last}")
    assert "1 correct, 1 abstained" in again


def test_a_runs_folder_is_graded_again_without_its_model(tmp_path: Path) -> None:
    full = {"threshold": 0.0, "sample": 0, "confidence": 0.7}
    for system, verdict in (("base", "wrong"), ("trained", "correct")):
        rows = [{**ROWS[0], **full, "verdict": verdict}, {**ROWS[0], **full, "threshold": 0.5, "verdict": verdict}]
        write(tmp_path / "run" / "eval" / system / "responses.jsonl", rows)
    text = run(tmp_path / "run", "--regrade", "--grader", "contains", "--out", tmp_path / "again", "--draws", 2)
    assert text.index("base") < text.index("trained")
    for system in ("base", "trained"):
        found = metrics(tmp_path / "again" / "eval" / system)
        assert found["verdicts"]["correct"] == 2
        assert found["reference_confidence"] == "base"  # as the run's own report has it


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jsonl"], r"nowhere.jsonl: no such file or folder"),
        (["{file}", "--grader", "contain"], r"--grader 'contain': .*'contains'"),
        (["{file}", "--grader", "{kind: numeric, absolut: 1}"], r"absolut: Extra inputs are not permitted"),
        (["{file}", "--grader", "{kind: "], r"--grader '{kind: ': not YAML"),
        (["{file}", "--targets", "0.5,x"], r"--targets: expected numbers with commas between them, got '0.5,x'"),
        (["{file}", "--targets", "0.5,0.2"], r"--targets: must be ascending fractions in \(0, 1\), got \[0.5, 0.2\]"),
        (["{file}", "--format", "lm-eval"], r"a.jsonl:1: no key 'doc'; not a sample of lm-evaluation-harness"),
        (["{folder}"], r"holds no responses \(neither responses.jsonl nor eval/\*/responses.jsonl\)"),
        (["{file}", "--out", "{file}"], r"--out .*a.jsonl: it is a file; choose a folder"),
    ],
)
def test_mistakes_in_the_command_are_named(tmp_path: Path, arguments: list[str], message: str) -> None:
    file = write(tmp_path / "a.jsonl", ROWS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        run(
            *(
                argument.format(file=file, folder=tmp_path / "empty")
                for argument in arguments
                if "{kind" not in argument
            ),
            *(argument for argument in arguments if "{kind" in argument),
        )


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", ROWS)
    (tmp_path / "recipe.yaml").write_text("name: x")
    with pytest.raises(InputError, match=r"--out .*: holds a run \(recipe.yaml\), which is not overwritten"):
        run(file, "--out", tmp_path, "--grader", "alias")


def test_logs_of_other_tools_are_scored() -> None:
    assert "6 rows, 6 items (lm-eval)" in run(LOGS / "lm_eval_generated.jsonl")
    text = run(LOGS / "inspect_scorers.json", "--scorer", "match", "--format", "inspect")
    assert "3 correct, 1 wrong, 1 abstained, 1 ungraded (5 by the log's scorer, 1 as logged)" in text


def test_a_misspelt_key_is_pointed_out(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", [{**ROWS[0], "confidance": 0.5, "cost": 1}])
    assert "keys not read: confidance (did you mean confidence?), cost" in run(file)


def test_a_confidence_that_completions_state_is_read_and_not_graded(tmp_path: Path) -> None:
    said = ["Paris. Confidence: 80%", "Lyon. Confidence: 0.3", "Paris. Confidence: 85", "Paris"]
    rows = [{"id": i, "completion": text, "answers": ["Paris"]} for i, text in enumerate(said)]
    text = run(write(tmp_path / "a.jsonl", rows), "--stated", "fraction", "--out", tmp_path / "out", "--draws", 2)
    assert "confidences in the completions: 2 read, 1 confidence out of range, 1 no confidence" in text
    found = metrics(tmp_path / "out")
    assert found["verdicts"]["correct"] == 3
    assert found["confidences"] == {"usable": 2, "missing": 2, "out_of_range": 0}
    assert found["brier"]["value"] == pytest.approx((0.2**2 + 0.3**2) / 2)


def test_a_judges_verdicts_are_kept_by_judge_and_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def reply(judge: JudgeMatch, messages: list[dict[str, str]]) -> tuple[Verdict | None, str | None]:
        asked.append(judge.model)
        lyon = "Lyon" in messages[1]["content"]
        return (Verdict.WRONG, None) if lyon else (None, "the judge's reply is no verdict")

    monkeypatch.setattr(JudgeMatch, "_ask", reply)
    rows = [{"id": i, "completion": text, "answers": ["Paris"]} for i, text in enumerate(["Lyon", "the city of light"])]
    file = write(tmp_path / "a.jsonl", rows)
    grader = "{kind: judge, model: %s, base_url: 'http://localhost:9'}"
    text = run(file, "--grader", grader % "small")
    assert "1 wrong, 1 ungraded" in text  # a reply that is more than the verdict is none
    assert "0.000 to 0.500 whatever the ungraded are" in text
    assert asked == ["small", "small"]
    shared_cache.cache_clear()  # another process
    run(file, "--grader", grader % "small")
    assert asked == ["small"] * 3  # a verdict is kept, a failure is asked for again
    run(file, "--grader", grader % "large")
    assert asked == ["small"] * 3 + ["large"] * 2  # another judge's verdicts are not its own
    assert (tmp_path / "judge-verdicts.sqlite").is_file()


def data_rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA_FILES / name).read_text(encoding="utf-8").splitlines()]


# The answers among the 300 that people and the rule of `contains` judge differently, each of them read: in all but one
# a person accepts a word that is not the gold's (CONEY, Checks); in one the gold (Bb) is stated of another instrument.
READ_DIFFERENTLY = [
    *["Checked."] * 3,
    "Check pattern.",
    "Coneys.",
    *["Coneys"] * 3,
    *["Conies."] * 2,
    "Cony.",
    'Adult bunnies were called "conies."',
    "Adult bunnies were called rabbits.",
    "Trumpets are most commonly pitched in B♭, while trombones are typically pitched in C.",
]


def test_judged_answers_of_real_models_are_scored_as_people_did_but_for_those_read_otherwise(tmp_path: Path) -> None:
    samples: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for row in data_rows("judged_answers/free_text_answers.jsonl"):
        sample = samples[row["question"]] = samples.get(row["question"], -1) + 1
        verdict = {"correct": "correct", "incorrect": "wrong"}[row["verdict"]]
        columns = {"completion": row["response"], "answers": [row["gold"]], "verdict": verdict}
        rows.append({"id": row["question"], "sample": sample, **columns})
    file = write(tmp_path / "judged.jsonl", rows)
    text = run(file, "--regrade", "--grader", "contains", "--out", tmp_path / "scored")
    assert "300 rows, 20 items" in text
    assert metrics(tmp_path / "scored")["source"]["changed"] == len(READ_DIFFERENTLY) == 14
    assert metrics(tmp_path / "scored")["verdicts"][Verdict.UNGRADED.value] == 0
    people = {(row["id"], row["sample"]): row["verdict"] for row in rows}
    graded = [json.loads(line) for line in (tmp_path / "scored" / "responses.jsonl").read_text().splitlines()]
    changed = [row["completion"].strip() for row in graded if row["verdict"] != people[row["id"], row["sample"]]]
    assert sorted(changed) == sorted(READ_DIFFERENTLY)


def test_solutions_of_real_systems_are_scored_as_their_labels_say(tmp_path: Path) -> None:
    """By the set's own labels 77 of the 120 solutions are right; graded anew, each gets the verdict of its label."""
    rows = [
        {
            "id": number,
            "completion": row["175b_verification"]["solution"],
            "answers": [row["ground_truth"].rpartition("A:")[2].strip()],
            "verdict": "correct" if row["175b_verification"]["is_correct"] else "wrong",
        }
        for number, row in enumerate(data_rows("gsm8k/example_model_solutions.jsonl"))
    ]
    file = write(tmp_path / "gsm8k.jsonl", rows)
    run(file, "--out", tmp_path / "scored")
    assert metrics(tmp_path / "scored")["rates"]["accuracy"]["value"] == pytest.approx(77 / 120)
    grader = "{kind: numeric, extract: last_line}"
    run(file, "--regrade", "--grader", grader, "--out", tmp_path / "again")
    assert metrics(tmp_path / "again")["source"]["graded"] == 120
    assert metrics(tmp_path / "again")["source"]["changed"] == 0
    assert metrics(tmp_path / "again")["rates"]["accuracy"]["value"] == pytest.approx(77 / 120)
