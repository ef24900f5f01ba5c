"""An evaluation whose judge fails keeps what the model said; judging it later needs no model."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judge_stub import Endpoint
from typer.testing import CliRunner, Result

from abstain.eval.sweep.responses import read_responses
from abstain.recipes.commands.cli import app
from abstain.rewards import Verdict
from abstain.rewards.judge.health import JudgeError

pytest.importorskip("openai")


@pytest.fixture
def judge() -> Iterator[Endpoint]:
    with Endpoint() as made:
        made.replies = ["wrong"]
        yield made


def evaluate(judge: Endpoint, model: str, folder: Path, *more: str, grader: str = "{}") -> Result:
    rows = [{"id": i, "question": f"Where does person {i} live?", "answers": ["Verrin"]} for i in range(3)]
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked_judge = f"{{kind: judge, model: j, base_url: '{judge.url}', retries: 0}}"
    grader = grader.replace("{}", asked_judge)
    asked = ["eval", "--model", model, "--questions", str(folder / "q.jsonl"), "--grader", grader]
    sizes = ["--targets", "0.5", "--samples", "1", "--max-new-tokens", "4", "--out", str(folder / "run")]
    return CliRunner().invoke(app, [*asked, *sizes, *more])


@pytest.fixture
def answering(tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the tiny model, whose completions end like answers: two steps of training do not teach it to stop."""
    from abstain.eval.backends.transformers import TransformersBackend

    made = TransformersBackend._completions  # pyright: ignore

    def stopping(self: Any, *args: Any) -> list[Any]:
        return [replace(one, finish_reason="stop", text="somewhere else") for one in made(self, *args)]

    monkeypatch.setattr(TransformersBackend, "_completions", stopping)
    return tiny_model


def test_a_failing_judge_leaves_ungraded_rows_that_are_judged_later_without_a_model(
    judge: Endpoint, answering: str, tmp_path: Path
) -> None:
    judge.replies = [503]
    result = evaluate(judge, answering, tmp_path)
    message = (
        rf"the judge j reached no verdict on any of the 9 answers .*answered 503: no.* score {tmp_path / 'run'} --"
    )
    assert re.search(message, str(result.exception)), result.output
    rows = read_responses(tmp_path / "run" / "eval" / "model" / "responses.jsonl")
    assert Counter((row.verdict, row.reason) for row in rows) == {
        (Verdict.UNGRADED, "judge failed: answered 503: no"): 3 * 3
    }
    assert {row.completion for row in rows} == {"somewhere else"}
    judge.replies = ["wrong"]
    scored = ["score", str(tmp_path / "run"), "--regrade", "--out", str(tmp_path / "scored")]
    result = CliRunner().invoke(app, scored)
    assert result.exit_code == 0, result.output
    (path,) = (tmp_path / "scored").rglob("responses.jsonl")
    assert {row.verdict for row in read_responses(path)} == {Verdict.WRONG}
    with sqlite3.connect(tmp_path / "run" / "judge-verdicts.sqlite") as verdicts:
        kept = verdicts.execute("SELECT verdict FROM verdicts").fetchall()
    assert kept == [("wrong",)] * 3  # apart from the rows; one a question, since the judge reads the question
    before = len(judge.asked)
    again = CliRunner().invoke(app, [*scored[:-1], str(tmp_path / "again")])
    assert again.exit_code == 0, again.output
    assert len(judge.asked) == before


def test_rules_decide_and_the_judge_is_asked_about_what_they_leave_open(
    judge: Endpoint, tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["In Verrin.", "I don't know", "Down by the harbour"] * 3)  # forced, at the target, and one sample

    def answer(self: Any, *args: Any) -> list[Any]:
        return [replace(one, finish_reason="stop", text=next(said)) for one in made(self, *args)]

    from abstain.eval.backends.transformers import TransformersBackend

    made = TransformersBackend._completions  # pyright: ignore
    monkeypatch.setattr(TransformersBackend, "_completions", answer)
    judge.replies = ["correct"]
    result = evaluate(judge, tiny_model, tmp_path, grader="{kind: contains, otherwise: {}}")
    assert result.exit_code == 0, result.output
    rows = read_responses(tmp_path / "run" / "eval" / "model" / "responses.jsonl")
    assert Counter((row.completion, row.verdict, row.judge) for row in rows) == {
        ("In Verrin.", Verdict.CORRECT, None): 3,
        ("I don't know", Verdict.ABSTAINED, None): 3,
        ("Down by the harbour", Verdict.CORRECT, "j"): 3,
    }
    note = "j was asked to judge 3 of 9 answers (33.3 %)."
    assert note in result.output
    assert note in html.unescape((tmp_path / "run" / "report.html").read_text())
    before = len(judge.asked)
    assert 1 <= before <= 3
    scored = ["score", str(tmp_path / "run"), "--regrade", "--out", str(tmp_path / "scored")]
    result = CliRunner().invoke(app, scored)
    assert result.exit_code == 0, result.output
    assert f"judge: {note}" in result.output
    assert len(judge.asked) == before  # its verdicts lie in the run's folder


def test_a_judge_of_scored_rows_that_fails_throughout_ends_with_its_words(judge: Endpoint, tmp_path: Path) -> None:
    rows = [{"id": i, "completion": f"town {i}", "answers": ["Verrin"], "threshold": 0.5} for i in range(3)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    judge.replies = [503]
    grader = f"{{kind: auto, otherwise: {{kind: judge, model: j, base_url: '{judge.url}', retries: 0}}}}"
    result = CliRunner().invoke(app, ["score", str(tmp_path / "log.jsonl"), "--grader", grader])
    assert isinstance(result.exception, JudgeError), result.output
    assert "any of the 3 answers" in str(result.exception)
    judge.replies = ["wrong", 503, "correct"]  # one row's failure is one ungraded row
    result = CliRunner().invoke(app, ["score", str(tmp_path / "log.jsonl"), "--grader", grader])
    assert result.exit_code == 0, result.output
    assert "j was asked to judge 3 of 3 answers (100.0 %); 1 of them stayed ungraded." in result.output


def test_a_judge_that_refuses_every_request_ends_the_evaluation_and_a_resume_loses_nothing(
    judge: Endpoint, answering: str, tmp_path: Path
) -> None:
    judge.replies = [401]
    result = evaluate(judge, answering, tmp_path)
    assert isinstance(result.exception, JudgeError), result.output
    judge.replies = ["wrong"]
    assert evaluate(judge, answering, tmp_path, "--resume").exit_code == 0
    rows = read_responses(tmp_path / "run" / "eval" / "model" / "responses.jsonl")
    assert Counter(row.verdict for row in rows) == {Verdict.WRONG: 3 * 3}


def test_a_missing_key_is_told_before_anything_is_asked(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "q.jsonl").write_text('{"id": 1, "question": "Who?", "answers": ["Ann"]}\n')
    words = ["eval", "--model", tiny_model, "--questions", str(tmp_path / "q.jsonl"), "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(app, [*words, "--grader", "{kind: judge, model: j}"])
    assert "--grader: no API key: set the environment variable OPENAI_API_KEY" in str(result.exception)
    assert not (tmp_path / "run").exists()
