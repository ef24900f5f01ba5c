"""The Python blocks of docs/adapters.md, docs/evaluation.md and docs/metrics.md are run as they stand."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from golden import CASES

from abstain.eval import metrics
from abstain.rewards import adapters

DOCS = Path(__file__).parents[1] / "docs"
METRICS_PAGE = (DOCS / "metrics.md").read_text(encoding="utf-8")
TEXT = (DOCS / "adapters.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PLAIN = [b for b in BLOCKS if not b.startswith("# needs") and "trl" not in b]
VERIFIERS = [b for b in BLOCKS if b.startswith("# needs verifiers")]


def test_there_is_a_block_for_every_trainer() -> None:
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    named = {section.splitlines()[0]: "```python" in section for section in sections}
    assert [name for name, has in named.items() if has] == ["TRL", "verl", "OpenRLHF", "verifiers", "NeMo-RL"]
    for name in re.findall(r"\b(?:\w+Reward|nemo_\w+|encode_label|check_\w+)\b", " ".join(BLOCKS)):
        assert name in {*adapters.__all__, "AbstentionReward"}, name


def test_the_tables_size_is_the_one_stated() -> None:
    assert f"is a table of {len(CASES)} cases" in TEXT


@pytest.mark.parametrize("block", PLAIN, ids=range(len(PLAIN)))
def test_blocks_that_need_no_trainer_run_as_they_stand(block: str) -> None:
    exec(compile(block, "docs/adapters.md", "exec"), {"__name__": "docs"})


@pytest.mark.parametrize("block", VERIFIERS, ids=["0.1", "0.4"])
def test_blocks_for_verifiers_run_where_it_is_installed(block: str) -> None:
    verifiers = pytest.importorskip("verifiers")
    if hasattr(verifiers, "Rubric") != block.startswith("# needs verifiers 0.1"):
        pytest.skip("another verifiers is installed")
    exec(compile(block, "docs/adapters.md", "exec"), {"__name__": "docs"})


@pytest.mark.slow
def test_the_training_script_of_the_docs_trains(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("trl") is None:
        pytest.skip("TRL is not installed")
    (block,) = [b for b in BLOCKS if "trl" in b]
    monkeypatch.chdir(tmp_path)
    small = 'output_dir="out", max_steps=1, use_cpu=True, bf16=False, report_to="none", max_completion_length=4,'
    block = block.replace('"Qwen/Qwen3-0.6B"', repr(tiny_model)).replace('output_dir="out",', small)
    assert small in block
    assert tiny_model in block
    scope: dict[str, object] = {"__name__": "docs"}
    exec(compile(block, "docs/adapters.md", "exec"), scope)
    assert scope["trainer"].state.global_step == 1  # type: ignore[attr-defined]


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
    named = set(re.findall(r"`([a-z0-9_]+)(?:\([^`]*\))?`", METRICS_PAGE))
    for name in (*metrics.METRICS, *metrics.CURVES):
        key, _, part = name.partition(".")
        assert (part if key == "samples" else key) in named, name
    tables = [line.split(" | ") for line in METRICS_PAGE.splitlines() if line.startswith("| `")]
    functions = {name for cells in tables if len(cells) > 2 for name in re.findall(r"`(\w+)(?:\(.*?\))?`", cells[2])}
    assert {name for name in functions if not hasattr(metrics, name)} == set()
    assert len(functions) > 20
