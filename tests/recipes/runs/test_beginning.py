"""What is checked before anything is asked: the confidence that a backend can give, the files a run began with."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from abstain.data import InputError
from abstain.recipes.config.evaluation import evaluation_recipe
from abstain.recipes.runs.environment import check_files, environment, file_content
from abstain.recipes.runs.run import with_source
from abstain.recipes.runs.sweeps import system_sweep


class Told:
    """A progress that keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def chosen(told: Any, sources: set[str], **options: Any) -> str:
    recipe = evaluation_recipe(model="m", questions="q.jsonl", **options)
    backend = SimpleNamespace(name="m at http://x", confidence_sources=frozenset(sources))
    return with_source(system_sweep(recipe, "model", Path("run")), recipe, backend, told).confidence


def test_a_default_confidence_that_a_server_cannot_give_is_agreement_and_that_is_said() -> None:
    told = Told()
    assert chosen(told, {"sequence_probability", "agreement"}) == "sequence_probability"
    assert told.lines == []
    assert chosen(told, {"agreement"}) == "agreement"
    assert len(told.lines) == 1
    assert "m at http://x tells no log-probabilities" in told.lines[0]


def test_a_confidence_asked_for_by_name_is_refused_and_so_is_agreement_without_samples() -> None:
    with pytest.raises(InputError, match=r"tells no log-probabilities.*; choose --confidence agreement"):
        chosen(Told(), {"agreement"}, confidence="answer")
    with pytest.raises(InputError, match="agreement of samples needs --samples"):
        chosen(Told(), {"agreement"}, samples=0)


def test_a_question_file_that_changed_since_a_run_began_is_named(tmp_path: Path) -> None:
    file, record = tmp_path / "towns.jsonl", tmp_path / "environment.json"
    file.write_text("old")
    check_files(tmp_path, record)  # a new run
    record.write_text(json.dumps({"files": {str(file): file_content(file), "popqa": None}}))
    check_files(tmp_path, record)
    file.write_text("newer")
    with pytest.raises(InputError, match=r"towns.jsonl: changed since the run in .* began \(3 bytes then, 5 now\)"):
        check_files(tmp_path, record)


def test_a_file_behind_the_name_of_a_set_and_a_users_own_code_are_hashed(tmp_path: Path) -> None:
    questions, code, record = (tmp_path / name for name in ("pq.jsonl", "own_pay.py", "environment.json"))
    questions.write_text("old")
    code.write_text("def pay(): ...")
    recorded = environment(0, sources=[f"popqa:{questions}", str(code), "popqa"])["files"]
    assert recorded == {f"popqa:{questions}": file_content(questions), str(code): file_content(code), "popqa": None}
    record.write_text(json.dumps({"files": recorded}))
    check_files(tmp_path, record)
    code.write_text("def pay(): return 1")
    with pytest.raises(InputError, match=r"own_pay.py: changed since the run"):
        check_files(tmp_path, record)


def test_options_from_python_may_have_hyphens_and_one_target_and_questions_are_a_place() -> None:
    recipe = evaluation_recipe(model="m", questions="q.jsonl", targets=0.5, confidence="p-true", protocol="post-hoc")
    assert (recipe.targets.eval, recipe.eval.confidence, recipe.protocol) == ([0.5], "p_true", "post_hoc")
    with pytest.raises(InputError, match=r"^questions: expected a ready set, .* got a list; write the questions to a"):
        evaluation_recipe(model="m", questions=[{"question": "?"}])
