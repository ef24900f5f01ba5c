"""The folders for Inspect and lm-evaluation-harness, where neither is installed; `test_harnesses.py` runs them."""

from __future__ import annotations

import asyncio
import json
import math
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml
from command_line import abstain
from golden import WHOLE, Case, Down
from modules import module_at
from taught import QUESTIONS, TARGETS, write_questions

from abstain.data import PromptStyle, Question
from abstain.data.errors import InputError
from abstain.eval.logs.harness import HarnessGrader, by_target, defined_mean, read_harness_rows, verdict_numbers
from abstain.eval.sweep.sweep import Sweep
from abstain.recipes.export.export_harness import WRITERS, folder_files, slug
from abstain.recipes.runs.sweeps import HarnessSweep
from abstain.rewards import Grader, Verdict, alias_match, contains_match

HARNESSES = tuple(WRITERS)
MODULE = {"inspect": "task.py", "lm-eval": "utils.py"}
SHORT = [case for case in WHOLE if case.grader == "short-answer"]


def asked(grader: Grader, questions: list[Question] = QUESTIONS, samples: int = 2, **more: Any) -> HarnessSweep:
    more = {"truncated": Verdict.WRONG, **more}
    sweep = Sweep(targets=TARGETS, style=PromptStyle(), grader=grader, samples=samples, **more)
    return HarnessSweep(name="towns", questions=questions, sweep=sweep, max_new_tokens=16)


def written(harness: str, sweep: HarnessSweep, folder: Path) -> Path:
    folder.mkdir()
    for name, text in folder_files(harness, sweep, folder, f"abstain export {harness}").items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class FakeScore(SimpleNamespace):
    @classmethod
    def unscored(cls, **said: Any) -> FakeScore:
        return cls(value=math.nan, **said)


def inspect_stub() -> dict[str, ModuleType]:
    """Return stand-ins for what the exported task imports of Inspect, which is not installed here."""

    def decorator(*_: Any, **__: Any) -> Callable[[Any], Any]:
        return lambda made: made

    names: dict[str, dict[str, Any]] = {
        "inspect_ai": {"Epochs": SimpleNamespace, "Task": SimpleNamespace, "task": lambda made: made},
        "inspect_ai.dataset": {"MemoryDataset": list, "Sample": SimpleNamespace},
        "inspect_ai.model": {
            **{f"ChatMessage{role}": SimpleNamespace for role in ("System", "User", "Assistant")},
            "GenerateConfig": SimpleNamespace,
        },
        "inspect_ai.scorer": {
            "CORRECT": "C", "INCORRECT": "I", "NOANSWER": "N", "SampleScore": SimpleNamespace, "Score": FakeScore,
            "metric": decorator, "scorer": decorator,
        },
        "inspect_ai.solver": {"generate": lambda: "generate"},
    }  # fmt: skip
    modules = {name: ModuleType(name) for name in names}
    for name, members in names.items():
        vars(modules[name]).update(members)
    return modules


def loaded(harness: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, module in inspect_stub().items():
        monkeypatch.setitem(sys.modules, name, module)
    return module_at(folder / MODULE[harness])


def through_inspect(module: ModuleType, completion: str, row: dict[str, Any], stop: str = "stop") -> Any:
    state = SimpleNamespace(output=SimpleNamespace(completion=completion, stop_reason=stop), metadata=row)
    return asyncio.run(module.abstention()(state, None))


def verdict_by(harness: str, module: ModuleType, case: Case) -> str:
    row = {"answers": case.answers, "choices": case.choices, "threshold": case.t}
    if harness == "inspect":
        value = through_inspect(module, case.completion, row).value
        return {"C": "correct", "I": "wrong", "N": "abstained"}[value]
    numbers = module.process_results(row, [case.completion])
    (verdict,) = [each.value for each in Verdict if numbers[each.value] == 1]
    return verdict


@pytest.mark.parametrize("harness", HARNESSES)
def test_exported_graders_reproduce_the_table(harness: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = loaded(harness, written(harness, asked(alias_match()), tmp_path / "out"), monkeypatch)
    different = [(c.id, c.verdict, got) for c in SHORT if (got := verdict_by(harness, module, c)) != c.verdict]
    assert different == []
    assert len(SHORT) >= 180


@pytest.mark.parametrize("harness", HARNESSES)
def test_the_prompts_are_those_of_the_sweep(harness: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(harness, asked(alias_match()), tmp_path / "out")
    rows = read_harness_rows(folder / "rows.jsonl")
    wanted = [PromptStyle().messages(question, t) for question in QUESTIONS for t in (0.0, *TARGETS)]
    assert [row["messages"] for row in rows] == wanted
    module = loaded(harness, folder, monkeypatch)
    if harness == "inspect":
        put = [[message.content for message in sample.input] for sample in module.dataset()]
    else:
        put = [[module.doc_to_text(row)] for row in rows]
    assert put == [[message["content"] for message in messages] for messages in wanted]


def test_a_sample_without_a_verdict_is_unscored_in_inspect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = loaded("inspect", written("inspect", asked(Down()), tmp_path / "out"), monkeypatch)
    score = through_inspect(module, "Paris", {"answers": ["Paris"], "choices": None})
    assert math.isnan(score.value)
    assert (score.explanation, score.reason) == ("grader failed", "scoring_failed")


def test_a_completion_that_inspect_knows_to_be_cut_off_counts_as_the_sweep_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"answers": ["Paris"], "choices": None}
    for number, verdict in enumerate((Verdict.WRONG, Verdict.UNGRADED)):
        sweep = asked(alias_match(), truncated=verdict)
        module = loaded("inspect", written("inspect", sweep, tmp_path / str(number)), monkeypatch)
        score = through_inspect(module, "Paris", row, stop="max_tokens")
        assert score.explanation == "truncated"
        assert score.value == "I" if verdict is Verdict.WRONG else math.isnan(score.value)
        assert through_inspect(module, "Paris", row).value == "C"


def test_a_sample_without_a_verdict_has_no_payoff_in_lm_eval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = loaded("lm-eval", written("lm-eval", asked(Down()), tmp_path / "out"), monkeypatch)
    numbers = module.process_results({"answers": ["Paris"], "choices": None, "threshold": 0.75}, ["Paris"])
    assert (numbers["ungraded"], numbers["correct"], numbers["wrong"], numbers["abstained"]) == (1, 0, 0, 0)
    assert math.isnan(numbers["payoff"])
    assert math.isnan(module.mean([numbers["accuracy_answered"]]))


def test_of_several_samples_lm_eval_gets_the_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = loaded("lm-eval", written("lm-eval", asked(alias_match()), tmp_path / "out"), monkeypatch)
    row = {"answers": ["Paris"], "choices": None, "threshold": 0.75}
    numbers = module.process_results(row, [["Paris", "Rome", "I don't know", "Paris"]])
    assert (numbers["correct"], numbers["wrong"], numbers["abstained"]) == (0.5, 0.25, 0.25)
    assert numbers["accuracy_answered"] == pytest.approx(2 / 3)
    assert numbers["payoff"] == pytest.approx((0.25 - 0.75 + 0 + 0.25) / 4)


class _Loader(yaml.SafeLoader):
    """Reads `!function utils.rows` as that text."""


_Loader.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))  # type: ignore[arg-type]


def test_the_lm_eval_folder_has_a_task_for_every_target_and_the_functions_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written("lm-eval", asked(alias_match()), tmp_path / "out")
    module = loaded("lm-eval", folder, monkeypatch)
    files = {path.name: yaml.load(path.read_text(), _Loader) for path in folder.glob("*.yaml")}
    group, shared = files.pop("_abstain_towns.yaml"), files.pop("_sweep.yaml")
    targets = files.pop("_abstain_towns_targets.yaml")
    *names, last = group["task"]
    assert (names, last) == (["abstain_towns_forced", "abstain_towns_samples"], targets["group"])
    assert targets["task"] == ["abstain_towns_t0.25", "abstain_towns_t0.5", "abstain_towns_t0.75"]
    assert {file["task"] for file in files.values()} == {*names, *targets["task"]}
    asked_at = {file["task"]: file["dataset_kwargs"]["threshold"] for file in files.values()}
    assert asked_at == {**dict.fromkeys(names, 0.0), **dict(zip(targets["task"], TARGETS, strict=True))}
    for text in (v for v in [*shared.values(), *(m["aggregation"] for m in shared["metric_list"])]):
        if isinstance(text, str) and text.startswith("utils."):
            assert callable(getattr(module, text.removeprefix("utils.")))
    rows = module.rows(threshold=0.5, version=1)["test"]
    assert [(row["id"], row["threshold"]) for row in rows] == [(question.id, 0.5) for question in QUESTIONS]


@pytest.mark.parametrize("harness", HARNESSES)
def test_without_samples_there_is_no_task_for_them(harness: str, tmp_path: Path) -> None:
    folder = written(harness, asked(alias_match(), samples=0), tmp_path / "out")
    assert not any("abstain_towns_samples" in path.read_text() for path in folder.iterdir())


def test_the_numbers_of_a_target_are_those_of_hand_arithmetic() -> None:
    pairs = [(0.75, Verdict.CORRECT)] * 2 + [(0.75, Verdict.WRONG), (0.75, Verdict.ABSTAINED), (0.75, Verdict.UNGRADED)]
    found = by_target([*pairs, (0.5, Verdict.ABSTAINED), (0.25, Verdict.UNGRADED)])
    assert found["coverage t=0.75"] == pytest.approx(3 / 4)  # of 4 graded, 3 answer
    assert found["accuracy t=0.75"] == pytest.approx(2 / 3)
    assert found["payoff t=0.75"] == pytest.approx((2 * 0.25 - 0.75) / 4)
    assert (found["coverage t=0.5"], found["accuracy t=0.5"], found["payoff t=0.5"]) == (0, None, 0)
    assert (found["coverage t=0.25"], found["accuracy t=0.25"], found["payoff t=0.25"]) == (None, None, None)
    assert math.isnan(defined_mean([]))
    assert math.isnan(verdict_numbers(Verdict.UNGRADED, 0.5)["payoff"])


@pytest.mark.parametrize("harness", HARNESSES)
def test_the_command_writes_a_folder_that_says_how_it_was_made_and_is_formatted(harness: str, tmp_path: Path) -> None:
    write_questions(tmp_path / "q.jsonl")
    source = ["--questions", "q.jsonl", "--targets", "0.25,0.5", "--grader", "contains", "--samples", "3"]
    done = abstain("export", harness, *source, "--out", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "out\n"), done.stderr
    text = (tmp_path / "out" / MODULE[harness]).read_text(encoding="utf-8")
    assert "match=ContainsMatch()" in text
    (command,) = [line.strip() for line in text.splitlines() if line.startswith("    abstain export ")]
    (tmp_path / "again").mkdir()
    write_questions(tmp_path / "again" / "q.jsonl")
    assert abstain(*shlex.split(command)[1:], cwd=tmp_path / "again").returncode == 0
    for path in (tmp_path / "out").iterdir():
        assert (tmp_path / "again" / "out" / path.name).read_text(encoding="utf-8") == path.read_text(encoding="utf-8")
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "120", "out"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert formatted.returncode == 0, formatted.stdout


def test_a_recipes_evaluation_is_exported_with_its_targets_phrase_and_confidence(tmp_path: Path) -> None:
    changes = [
        "prompt.phrase=PASS",
        "eval.samples=0",
        "protocol=target",
        "rl.payoff={kind: brier}",
        "rl.grpo.scale_rewards=none",
    ]
    done = abstain("export", "inspect", "--recipe", "tiny", "--out", "out", *changes, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "task.py").read_text(encoding="utf-8")
    assert 'PHRASE = "PASS"' in text
    assert "confidence=ConfidenceParser()" in text  # the grader does not see a stated confidence, as in `abstain run`
    rows = read_harness_rows(tmp_path / "out" / "rows.jsonl")
    assert {row["threshold"] for row in rows} == {0.0, 0.06, 0.17, 0.28, 0.39, 0.5, 0.61, 0.72, 0.83, 0.94}
    assert rows[0]["exact_confidence"] is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "out"], "give either --recipe (its evaluation) or --questions, and not both"),
        (["--recipe", "tiny", "--questions", "q.jsonl", "--out", "out"], "give either --recipe"),
        (["--recipe", "tiny", "--samples", "2", "--out", "out"], "--samples goes with --questions; a recipe's"),
        (["--questions", "q.jsonl", "--out", "out", "seed=1"], "'seed=1': key=value changes a recipe"),
        (["--questions", "q.jsonl", "--targets", "0.5,x", "--out", "out"], "--targets: expected numbers"),
        (["--questions", "q.jsonl", "--targets", "1.5", "--out", "out"], "--targets"),
        (["--questions", "gone.jsonl", "--out", "out"], "gone.jsonl: no such file"),
        (["--questions", "q.jsonl", "--grader", "numeric", "--out", "out"], "--grader: question"),
        (["--questions", "q.jsonl", "--out", "kept"], "kept: exists already; nothing was overwritten"),
        (["--questions", "q.jsonl", "--out", "gone/out"], "gone/out: no folder gone"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_exit_code_2_and_writes_nothing(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    write_questions(tmp_path / "q.jsonl")
    (tmp_path / "kept").mkdir()
    done = abstain("export", "lm-eval", *arguments, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1), done.stderr
    assert message in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "q.jsonl"]
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_file_of_rows_that_was_changed_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "1", "threshold": 0.5, "messages": [], "answers": ["a"]}\n{"id": "2"}\n')
    with pytest.raises(InputError, match=r"rows.jsonl:2: not a row of an exported sweep \(it has no key 'threshold'\)"):
        read_harness_rows(path)
    path.write_text('{"id": "1", "threshold": 0.5, "messages": [], "answers": ["a"]}\n')
    with pytest.raises(InputError, match=r"rows.jsonl: no rows at target 0.75"):
        read_harness_rows(path, 0.75)


def test_rows_with_the_line_ends_of_unicode_are_whole(tmp_path: Path) -> None:
    text = "Which\u2028of\u2029these\x85?"
    row = {"id": "1", "threshold": 0.5, "messages": [{"role": "user", "content": text}], "answers": ["a"]}
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{json.dumps(row, ensure_ascii=False)}\n" * 2, encoding="utf-8")
    assert read_harness_rows(path) == [row, row]


def test_a_prompt_of_several_messages_is_refused_for_lm_eval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def messages(self: PromptStyle, question: Question, t: float | None) -> list[dict[str, str]]:
        return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question.text}]

    monkeypatch.setattr(PromptStyle, "messages", messages)
    with pytest.raises(InputError, match=r"the prompt of question '0' is system, user"):
        folder_files("lm-eval", asked(alias_match()), tmp_path, "")
    module = loaded("inspect", written("inspect", asked(contains_match()), tmp_path / "out"), monkeypatch)
    assert [message.content for message in module.dataset()[0].input] == ["Be brief.", QUESTIONS[0].text]


def test_names_of_tasks_are_identifiers() -> None:
    assert slug("popqa") == "abstain_popqa"
    assert slug("my questions-2.v1") == "abstain_my_questions_2_v1"
    assert (
        HarnessGrader(grader=alias_match())("Paris", {"answers": ["Paris"], "choices": None}).verdict is Verdict.CORRECT
    )


@pytest.mark.parametrize("harness", HARNESSES)
def test_declining_a_question_without_an_answer_abstains_and_any_answer_is_wrong(
    harness: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question("u", "Who won in 2150?", (), answerable=False)
    folder = written(harness, asked(alias_match(), [question]), tmp_path / "out")
    module = loaded(harness, folder, monkeypatch)
    (row, *_) = read_harness_rows(folder / "rows.jsonl")
    for said, verdict in (("I don't know", Verdict.ABSTAINED), ("Nobody", Verdict.WRONG)):
        assert module.GRADER(said, row).verdict is verdict
