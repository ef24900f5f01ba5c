"""The Python blocks of the docs' pages are run as they stand, and come out as they should."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import verifiers_stub
from golden import CASES
from metric_docs import METRICS_PAGE, undocumented

from abstain import training
from abstain.eval import metrics
from abstain.rewards import adapters

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEXT = (DOCS / "adapters.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PLAIN = [b for b in BLOCKS if not b.startswith("# needs") and "trl" not in b]
VERIFIERS = [b for b in BLOCKS if b.startswith("# needs verifiers")]


PAID = {"Paris": 0.25, "Rome": -0.75, "I don't know": 0.0}
"""What the blocks' reward pays for an answer to their question at their target of 0.75: 1 − t, −t and 0."""


PYTHON_FILES = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
EXAMPLES = re.compile(r"my_\w+\.py|.*\bNAME\.py|trl/.*")
"""Files that a reader writes, and those of TRL."""


def test_every_python_file_that_docs_and_docstrings_name_is_there() -> None:
    places = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / name for name in PYTHON_FILES)]
    missing = [
        f"{place.relative_to(ROOT)}: {name}"
        for place in places
        if place.name != "CHANGELOG.md" and place.relative_to(ROOT).parts[0] != "tests"
        for name in re.findall(r"`([\w./-]+\.py)`", place.read_text(encoding="utf-8"))
        if not EXAMPLES.fullmatch(name) and not any(f"/{path}".endswith(f"/{name}") for path in PYTHON_FILES)
    ]
    assert missing == []


def run_block(block: str) -> dict[str, Any]:
    scope: dict[str, Any] = {"__name__": "docs"}
    exec(compile(block, "docs/adapters.md", "exec"), scope)
    return scope


def test_there_is_a_block_for_every_trainer() -> None:
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    named = {section.splitlines()[0]: "```python" in section for section in sections}
    assert [name for name, has in named.items() if has] == ["TRL", "verl", "OpenRLHF", "verifiers", "NeMo-RL"]
    for name in re.findall(r"\b(?:\w+Reward|nemo_\w+|encode_label|check_\w+)\b", " ".join(BLOCKS)):
        assert name in {*adapters.__all__, "AbstentionReward", *training.__all__}, name


def test_the_tables_size_is_the_one_stated() -> None:
    assert f"is a table of {len(CASES)} cases" in TEXT


@pytest.mark.parametrize("block", PLAIN, ids=range(len(PLAIN)))
def test_blocks_that_need_no_trainer_come_out_as_they_state(block: str) -> None:
    assert "assert" in block
    run_block(block)


def test_every_block_states_its_outcome_or_has_a_test_of_it() -> None:
    assert [b.splitlines()[0] for b in BLOCKS if "assert" not in b] == [
        "from datasets import Dataset",  # TRL
        "# needs verifiers 0.1",
        "# needs verifiers 0.4",
    ]


def paid_by_rubric(vf: Any, scope: dict[str, Any]) -> dict[str, float]:
    """Return what the rubric of a block for verifiers 0.1 pays for each answer to the block's only question."""
    (row,) = scope["rows"]
    paid: dict[str, float] = {}
    for reply in PAID:
        asked = {"prompt": [], "answer": row["answer"], "info": row["info"], "example_id": 0}
        completion = [vf.types.AssistantMessage(content=reply)]
        state = vf.State(input=asked, completion=completion, is_truncated=False, trajectory=[])
        asyncio.run(scope["environment"].rubric.score_rollout(state))
        paid[reply] = state["reward"]
    return paid


def paid_by_task(scope: dict[str, Any], trace_of: Callable[[Any, str], Any], **settings: Any) -> dict[str, float]:
    """Return what the task of a block for verifiers 0.4 pays for each answer."""
    data = scope["FactData"](answers=["Paris"], threshold=0.75, **settings)
    paid: dict[str, float] = {}
    for reply in PAID:
        task = scope["FactTask"](data)
        trace = trace_of(task, reply)
        paid[reply] = asyncio.run(task.abstention(trace))
        verdicts = asyncio.run(task.verdicts(trace))
        assert sum(verdicts.values()) == verdicts[{0.25: "correct", -0.75: "wrong", 0.0: "abstained"}[PAID[reply]]] == 1
    return paid


def test_the_block_for_verifiers_0_1_pays_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "verifiers", stub := verifiers_stub.version_0_1())
    scope = run_block(VERIFIERS[0])
    assert paid_by_rubric(stub, scope) == PAID
    assert scope["environment"].dataset[0]["info"] == {"answers": ["Paris"], "threshold": 0.75}


def test_the_block_for_verifiers_0_4_pays_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = verifiers_stub.version_0_4()
    monkeypatch.setitem(sys.modules, "verifiers", ModuleType("verifiers"))
    monkeypatch.setitem(sys.modules, "verifiers.v1", stub)
    monkeypatch.setattr(sys.modules["verifiers"], "v1", stub, raising=False)
    scope = run_block(VERIFIERS[1])
    assert paid_by_task(scope, lambda task, reply: stub.Trace(last_reply=reply, is_truncated=False)) == PAID


@pytest.mark.parametrize("block", VERIFIERS, ids=["0.1", "0.4"])
def test_blocks_for_verifiers_pay_the_target_where_it_is_installed(block: str) -> None:
    verifiers = pytest.importorskip("verifiers")
    classic = block.startswith("# needs verifiers 0.1")
    if hasattr(verifiers, "Rubric") != classic:
        pytest.skip("another verifiers is installed")
    scope = run_block(block)
    if classic:
        assert paid_by_rubric(verifiers, scope) == PAID
        return
    v1 = importlib.import_module("verifiers.v1")

    def trace_of(task: Any, reply: str) -> Any:
        named = v1.TraceTask(type="FactTask", data=task.data, key=task.key, hash=task.hash)
        return v1.Trace(task=named, agent=v1.AgentInfo(config=v1.AgentConfig()), root_reply=reply)

    assert paid_by_task(scope, trace_of, idx=0, name="paris", prompt="Capital of France?") == PAID


class StandInTrainer:
    """Calls the reward as TRL's trainer does, with a completion of each kind."""

    def __init__(self, model: str, reward_funcs: Any, args: Any, train_dataset: Any) -> None:
        self.model, self.reward, self.args, self.rows = model, reward_funcs, args, train_dataset
        self.paid: list[float | None] = []

    def train(self) -> None:
        few = [self.rows[i] for i in range(len(PAID))]
        columns = {name: [row[name] for row in few] for name in few[0] if name != "prompt"}
        completions = [[{"role": "assistant", "content": reply}] for reply in PAID]
        call = self.reward(prompts=[row["prompt"] for row in few], completions=completions, **columns)
        self.paid = asyncio.run(call)


SMALL = 'output_dir="out", max_steps=1, use_cpu=True, bf16=False, report_to="none", max_completion_length=4,'


def small_script(model: str) -> str:
    """Return the training script of the docs for `model`, cut to one short step on a CPU."""
    (block,) = [b for b in BLOCKS if "trl" in b]
    block = block.replace('"Qwen/Qwen3-0.6B"', repr(model)).replace('output_dir="out",', SMALL)
    assert SMALL in block
    assert model in block
    return block


def test_the_training_script_of_the_docs_gives_trl_a_reward_that_pays_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trl = pytest.importorskip("trl")
    monkeypatch.setattr(trl, "GRPOTrainer", StandInTrainer)
    monkeypatch.chdir(tmp_path)
    trainer = run_block(small_script("stand-in"))["trainer"]
    assert trainer.paid == list(PAID.values())
    assert (trainer.args.scale_rewards, trainer.args.loss_type) == ("none", "dapo")


@pytest.mark.slow
def test_the_training_script_of_the_docs_trains(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("trl") is None:
        pytest.skip("TRL is not installed")
    monkeypatch.chdir(tmp_path)
    trainer = run_block(small_script(tiny_model))["trainer"]
    assert trainer.state.global_step == 1
    (log,) = trainer.state.log_history
    counts = {name: log[f"count/{name}"] for name in ("correct", "wrong", "abstained", "ungraded")}
    assert sum(counts.values()) == trainer.args.num_generations == 8
    graded = 8 - counts["ungraded"]  # a cut-off completion has no reward
    paid = 0.25 * counts["correct"] - 0.75 * counts["wrong"]
    assert log["reward"] == (pytest.approx(paid / graded) if graded else None)


def test_the_check_of_a_trl_script_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", (DOCS / "training.md").read_text(), re.MULTILINE | re.DOTALL)
    block = block.replace('output_dir="out",', 'output_dir="out", use_cpu=True, bf16=False,')
    exec(compile(block, "docs/training.md", "exec"), {"__name__": "docs"})
    printed = capsys.readouterr().out
    assert "note: the one accepted answer grades as right" in printed
    assert "warning: every question is asked about 192 times" in printed  # 64 rows, 3 epochs


def test_the_block_on_evaluation_evaluates_a_model(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (DOCS / "evaluation.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert '"org/model"' in block
    monkeypatch.chdir(tmp_path)
    Path("my.jsonl").write_text('{"question": "Where?", "answers": ["There"]}\n', encoding="utf-8")
    scope: dict[str, object] = {"__name__": "docs"}
    exec(compile(block.replace('"org/model"', repr(tiny_model)), "docs/evaluation.md", "exec"), scope)
    assert scope["run"].metrics("model")["all"]["items"] == 1  # type: ignore[attr-defined]
    assert Path("runs/model-my/report.html").is_file()


def test_the_blocks_on_metrics_run_one_after_the_other() -> None:
    scope: dict[str, object] = {"__name__": "docs"}
    blocks = re.findall(r"^```python\n(.*?)^```$", METRICS_PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "docs/metrics.md", "exec"), scope)


def test_every_metric_stands_on_its_page_with_a_function_that_there_is() -> None:
    assert undocumented() == set()
    tables = [line.split(" | ") for line in METRICS_PAGE.splitlines() if line.startswith("| `")]
    functions = {name for cells in tables if len(cells) > 2 for name in re.findall(r"`(\w+)(?:\(.*?\))?`", cells[2])}
    assert {name for name in functions if not hasattr(metrics, name)} == set()
    assert len(functions) > 20
