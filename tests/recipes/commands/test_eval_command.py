"""`abstain eval` as a user runs it, on a real tiny model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from openai_stub import Stub
from typer.testing import CliRunner, Result

from abstain.data import InputError, RunError
from abstain.eval.sweep.responses import read_responses
from abstain.recipes.commands.cli import app
from abstain.recipes.runs.load import load_run
from abstain.recipes.runs.prepare import prepare

QUESTIONS = [{"id": i, "question": f"Where does person {i} live?", "answers": ["Verrin"]} for i in range(6)]


def abstain(*arguments: object) -> Result:
    """Run the command line in this process; an `InputError` is in `.exception`."""
    return CliRunner().invoke(app, [str(a) for a in arguments])


def write(path: Path, rows: list[dict[str, Any]] = QUESTIONS) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def refusal(result: Result) -> str:
    """Return the one line that `main` prints before it exits with 2."""
    assert isinstance(result.exception, InputError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


FAST = ("--targets", "0.25,0.75", "--samples", "2", "--max-new-tokens", "4")


@pytest.fixture(scope="module")
def finished(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("evaluation")
    questions = write(folder / "mine.jsonl")
    out = folder / "run"
    return out, abstain("eval", "--model", tiny_model, "--questions", questions, *FAST, "--out", out)


def test_an_evaluation_leaves_a_folder_like_a_runs(finished: tuple[Path, Result]) -> None:
    out, result = finished
    assert result.exit_code == 0, result.output
    rows = read_responses(out / "eval" / "model" / "responses.jsonl")
    assert len(rows) == 6 * (1 + 2 + 2)
    metrics = json.loads((out / "eval" / "model" / "metrics.json").read_text())
    assert (metrics["items"], metrics["targets"]) == (6, [0.25, 0.75])
    env = json.loads((out / "environment.json").read_text())
    assert env["seed"] == 0
    assert {f"dtype={env['dtype']}" in row.settings for row in rows} == {not torch.cuda.is_available()}
    assert "</html>" in (out / "report.html").read_text()  # figures that would be empty are left out


def test_it_ends_with_the_headline_and_the_reports_path(finished: tuple[Path, Result]) -> None:
    out, result = finished
    *_, headline, head, row, _, path = result.output.strip().splitlines()
    assert re.match(r"The model .*forced answers", headline)
    assert (head.split()[:2], row.split()[0]) == (["system", "adherence"], "model")
    assert path == f"report: {out / 'report.html'}"


def test_what_was_asked_is_written_down_and_reads_back(finished: tuple[Path, Result]) -> None:
    run = load_run(finished[0])
    assert run.recipe is not None
    assert (run.kind, run.recipe.stages, run.systems, run.targets) == ("evaluation", [], ["model"], [0.25, 0.75])
    assert (run.recipe.eval.samples, run.recipe.grader.kind) == (2, "auto")


def test_a_finished_evaluation_resumes_without_asking_again(finished: tuple[Path, Result], tiny_model: str) -> None:
    out, _ = finished
    path = out / "eval" / "model" / "responses.jsonl"
    before = path.read_bytes()
    again = ("eval", "--model", tiny_model, "--questions", out.parent / "mine.jsonl", *FAST, "--out", out)
    assert "already holds a run; continue it (resume=True, --resume)" in refusal(abstain(*again))
    assert "holds a run of another recipe or seed" in refusal(abstain(*again, "--seed", "1", "--resume"))
    assert abstain(*again, "--resume").exit_code == 0
    assert path.read_bytes() == before


def test_a_report_is_rebuilt_without_a_model(finished: tuple[Path, Result]) -> None:
    out, _ = finished
    (out / "report.html").unlink()
    result = abstain("report", out)
    assert result.exit_code == 0, result.output
    assert (out / "report.html").is_file()


def test_a_ready_set_brings_its_columns_and_its_grader(tiny_model: str, tmp_path: Path) -> None:
    rows = [{"question": f"How many, {i}?", "answer": f"So...\n#### 1,00{i}", "answerable": None} for i in range(3)]
    file = write(tmp_path / "test.jsonl", rows)
    out = tmp_path / "run"
    result = abstain("eval", "--model", tiny_model, "--questions", f"gsm8k:{file}", *FAST, "--out", out)
    assert result.exit_code == 0, result.output
    recipe = load_run(out).recipe
    assert recipe is not None
    assert (recipe.grader.kind, recipe.grader.extract, recipe.eval.max_new_tokens) == ("numeric", "last_line", 4)
    responses = read_responses(out / "eval" / "model" / "responses.jsonl")
    assert {row.answers for row in responses} == {("1000",), ("1001",), ("1002",)}
    assert all('"Answer: NUMBER"' in question.instruction for question in prepare(recipe).eval)
    assert not any("Answer:" in row.question for row in responses)  # what is asked, without how


def test_unanswerable_items_are_asked_and_any_answer_to_one_is_wrong(tiny_model: str, tmp_path: Path) -> None:
    rows = [{"question_id": i, "question": f"Who {i}?", "answer": None, "answerable": False} for i in range(3)]
    (tmp_path / "SelfAware.json").write_text(json.dumps({"example": rows}))
    out = tmp_path / "run"
    given = ("--questions", f"selfaware:{tmp_path / 'SelfAware.json'}", *FAST, "--out", out)
    result = abstain("eval", "--model", tiny_model, *given)
    assert result.exit_code == 0, result.output
    verdicts = {row.verdict.value for row in read_responses(out / "eval" / "model" / "responses.jsonl")}
    assert verdicts <= {"wrong", "abstained"}
    assert json.loads((out / "eval" / "model" / "metrics.json").read_text())["unanswerable"] == 3


def test_a_prompt_longer_than_the_models_positions_is_refused_before_anything_is_asked(
    tiny_model: str, tmp_path: Path
) -> None:
    file = write(tmp_path / "long.jsonl", [{"id": "long", "question": "Where? " * 9000, "answers": ["Rome"]}])
    out = tmp_path / "run"
    result = abstain("eval", "--model", tiny_model, "--questions", file, *FAST, "--out", out)
    assert "question 'long': its prompt takes" in refusal(result)
    assert "more than the model's" in refusal(result)
    assert not out.exists()


def test_the_ready_sets_are_listed_with_their_licences() -> None:
    result = abstain("sets", "list")
    assert result.exit_code == 0
    for text in ("simpleqa", "basicv8vc/SimpleQA", "CC BY-SA 4.0", "choice"):
        assert text in result.output


BAD: list[tuple[tuple[str, ...], str]] = [
    (("--targets", "0.5,1"), r"--targets: must be ascending fractions in \(0, 1\), got \[0.5, 1.0\]"),
    (("--targets", "0"), r"--targets: must be ascending fractions in \(0, 1\)"),
    (("--targets", "half"), r"--targets: expected numbers with commas between them, got 'half'"),
    (("--samples", "-1"), r"--samples: Input should be greater than or equal to 0, got -1"),
    (("--system", "a/b"), r"--system: String should match pattern"),
    (("--grader", "exact"), r"--grader: Input tag 'exact' found using 'kind' does not match any of the expected tags"),
    (("--column", "answers"), r"--column: write it as NAME=VALUE, got 'answers'"),
    (("--column", "answers=gold"), r"mine.jsonl:1: no value in column 'gold' for the answers; the row has"),
    (("--questions", "gone.jsonl"), r"gone.jsonl: no such file"),
    (("--questions", "triviqa"), r"no question set 'triviqa'; did you mean 'triviaqa'\?; ready are triviaqa, nq-open"),
    (("--questions", "popqa"), r"akariasai/PopQA:test: .*HF_HUB_OFFLINE is set"),
    (("--questions", "popqa:gone.jsonl"), r"gone.jsonl: no such file"),
    (("--model", "./nowhere"), r"model: ./nowhere: no such folder"),
    (("--adapter", "./nowhere"), r"--adapter: ./nowhere: no such folder"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[b[0][0] + b[0][1] for b in BAD])
def test_bad_input_is_one_line_and_leaves_no_folder(
    tiny_model: str, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    given = {"--model": tiny_model, "--questions": str(write(tmp_path / "mine.jsonl")), "--out": str(tmp_path / "run")}
    given[options[0]] = options[1]
    result = abstain("eval", *(part for pair in given.items() for part in pair))
    assert re.search(message, refusal(result))
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_no_run_is_refused(tiny_model: str, tmp_path: Path) -> None:
    questions = write(tmp_path / "mine.jsonl")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    found = refusal(abstain("eval", "--model", tiny_model, "--questions", questions, "--out", tmp_path / "full"))
    assert found.endswith("full: exists and is not a run's folder; choose another --out")


def test_help_shows_an_example() -> None:
    assert "abstain eval --model runs/tiny/base" in abstain("eval", "--help").output


DATA_FILES = Path(__file__).parents[2] / "data_files"


@pytest.mark.parametrize("file", ["popqa/dev.jsonl", "gsm8k/test.jsonl"])
def test_a_real_set_is_asked_from_its_file(file: str, tiny_model: str, tmp_path: Path) -> None:
    given = ("--questions", f"{file.partition('/')[0]}:{DATA_FILES / file}", "--max-items", "8", *FAST)
    result = abstain("eval", "--model", tiny_model, *given, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert len(read_responses(tmp_path / "run" / "eval" / "model" / "responses.jsonl")) == 8 * 5


def test_a_confidence_is_held_against_every_target_afterwards(tiny_model: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    asked = ("eval", "--model", tiny_model, "--questions", write(tmp_path / "mine.jsonl"), *FAST, "--out", out)
    result = abstain(*asked, "--protocol", "post_hoc", "--confidence", "agreement", "--template", "exam")
    assert result.exit_code == 0, result.output
    rows = read_responses(out / "eval" / "model" / "responses.jsonl")
    assert len(rows) == 6 * (1 + 2)  # one prompt a question: a greedy answer and two samples
    assert {row.threshold for row in rows} == {None}
    assert {row.template for row in rows} == {"exam@1"}
    own = [row for row in rows if row.sample == 0]
    assert {row.confidence_source for row in own} == {"agreement"}
    assert all(row.confidence in (0.0, 0.5, 1.0) or row.confidence_reason == "no answer" for row in own)
    metrics = json.loads((out / "eval" / "model" / "metrics.json").read_text())
    assert metrics["targets"] == [0.25, 0.75]


def test_a_confidence_that_nobody_states_is_counted_and_never_a_number(tiny_model: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    asked = ("eval", "--model", tiny_model, "--questions", write(tmp_path / "mine.jsonl"), *FAST, "--out", out)
    result = abstain(*asked, "--route", "afterwards", "--confidence", "stated")
    assert result.exit_code == 0, result.output
    own = [row for row in read_responses(out / "eval" / "model" / "responses.jsonl") if row.sample == 0]
    assert [row.confidence for row in own] == [None] * 6
    assert all(row.confidence_reason for row in own)
    assert json.loads((out / "eval" / "model" / "metrics.json").read_text())["missing_confidence"] == 6


def test_wordings_and_sources_that_there_are_not_are_one_line(tiny_model: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    asked = ("eval", "--model", tiny_model, "--questions", write(tmp_path / "mine.jsonl"), "--out", out)
    assert "no template 'exams'; did you mean 'exam'?" in refusal(abstain(*asked, "--template", "exams"))
    assert "--protocol" in refusal(abstain(*asked, "--protocol", "both"))
    few = refusal(abstain(*asked, "--confidence", "agreement", "--samples", "0"))
    assert "--confidence agreement needs --samples of at least 1" in few
    assert not out.exists()


def test_a_served_model_is_asked_by_its_address(tmp_path: Path) -> None:
    questions, out = write(tmp_path / "mine.jsonl"), tmp_path / "run"
    with Stub() as stub:
        asked = ("eval", "--model", "m", "--base-url", stub.url, "--questions", questions, *FAST, "--out", out)
        result = abstain(*asked, "--backend-option", "concurrency=2", "--backend-option", "extra_body={top_k: -1}")
        assert result.exit_code == 0, result.output
        assert stub.seen[-1][2]["top_k"] == -1
        assert stub.most_at_once <= 2
        rows = read_responses(out / "eval" / "model" / "responses.jsonl")
        assert len(rows) == 6 * (1 + 2 + 2)
        assert {row.model for row in rows} == {f"m at {stub.url}"}
        stub.fails_on = "person 3"
        one = ("--backend-option", "retries=0", "--backend-option", "concurrency=1")
        result = abstain(*asked[:-1], tmp_path / "second", *one)
        assert isinstance(result.exception, RunError)
        assert "answered 500: out of order" in str(result.exception)
    assert read_responses(tmp_path / "second" / "eval" / "model" / "responses.jsonl")
    assert "could not be reached" in refusal(abstain(*asked[:-1], tmp_path / "third", "--backend-option", "retries=0"))
    assert not (tmp_path / "third").exists()


def test_a_backend_that_there_is_not_and_one_that_does_not_fit_are_one_line(tmp_path: Path, tiny_model: str) -> None:
    asked = ("eval", "--model", tiny_model, "--questions", write(tmp_path / "mine.jsonl"), "--out", tmp_path / "run")
    assert "--backend: Input should be 'transformers', 'vllm' or 'openai', got 'tgi'" in refusal(
        abstain(*asked, "--backend", "tgi")
    )
    assert "--dtype: Input should be 'float32'" in refusal(abstain(*asked, "--dtype", "fp32"))
    assert "backend transformers has no option 'route'" in refusal(abstain(*asked, "--backend-option", "route=chat"))


def test_several_wordings_are_asked_each_in_a_folder_and_their_spread_is_told(tiny_model: str, tmp_path: Path) -> None:
    questions, out = write(tmp_path / "mine.jsonl"), tmp_path / "wordings"
    asked = ("eval", "--model", tiny_model, "--questions", questions, *FAST, "--template", "points, exam", "--out", out)
    result = abstain(*asked)
    assert result.exit_code == 0, result.output
    found = json.loads((out / "wordings.json").read_text())
    assert found["wordings"] == ["points", "exam"]
    values = [
        json.loads((out / name / "eval" / "model" / "metrics.json").read_text())["forced_accuracy"]["value"]
        for name in found["wordings"]
    ]
    (accuracy,) = (one for one in found["metrics"] if one["metric"] == "forced_accuracy")
    assert list(accuracy["by_wording"].values()) == values
    assert accuracy["range"] == max(values) - min(values)
    rows = [read_responses(out / name / "eval" / "model" / "responses.jsonl") for name in found["wordings"]]
    assert [{row.template for row in of} for of in rows] == [{"points@1"}, {"exam@1"}]
    assert f"spread: {out / 'wordings.json'}" in result.output
    again = abstain(*asked, "--resume")
    assert again.exit_code == 0
    assert f"{out / 'points'}: already holds a run" in refusal(abstain(*asked))
    assert "names a template twice" in refusal(abstain(*asked[:-3], "exam,exam", "--out", out))
    pair = ("compare", out / "points", out / "exam", "--draws", 100, "--out", tmp_path / "compared")
    assert "--overlap" in refusal(abstain(*pair))
    assert abstain(*pair, "--overlap").exit_code == 0
