"""Without the packages of the extras the rewards and the commands on logs work, and the others name their extra.

In a full environment the packages are hidden from a process; `make installs` runs this file in new environments, where
they are really missing.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from openai_stub import Stub

from abstain.rewards.extras import EXTRAS, MissingExtraError, install_command, missing_extra, require

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FULL = set(EXTRAS["train"])
HIDE = """
import builtins, importlib.util, sys

HIDDEN = set(sys.argv.pop(1).split(","))
plain_import, plain_find = builtins.__import__, importlib.util.find_spec

def without_extras(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and name.partition(".")[0] in HIDDEN:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return plain_import(name, globals, locals, fromlist, level)

builtins.__import__ = without_extras
importlib.util.find_spec = lambda name, package=None: None if name in HIDDEN else plain_find(name, package)
"""
EACH = """
import contextlib, io, json
from abstain.recipes.__main__ import main

results = {}
for command in json.loads(sys.argv[1]):
    sys.argv, out = ["abstain", *command.split()], io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            results[command] = [main() or 0]
        except SystemExit as end:
            results[command] = [end.code]
    results[command].append(out.getvalue())
print(json.dumps(results))
"""
COMMAND_LINE = "from abstain.recipes.__main__ import main; main()"


def python(code: str, *words: str, folder: Path, hidden: set[str] = FULL) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process that cannot import the `hidden` modules."""
    command = [sys.executable, "-c", HIDE + code, ",".join(hidden), *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def abstain(*words: str, folder: Path, hidden: set[str] = FULL) -> tuple[int, str]:
    """Return exit code and output of a command, which never is a traceback."""
    done = python(COMMAND_LINE, *words, folder=folder, hidden=hidden)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def abstain_each(commands: list[str], folder: Path) -> dict[str, tuple[int, str]]:
    """Return command → exit code and output, of commands that one process runs one after the other."""
    done = python(EACH, json.dumps(commands), folder=folder, hidden=FULL | {"vllm"})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def packages(extra: str) -> set[str]:
    """Return the modules that pyproject.toml installs with `extra`, through the extras that it names too."""
    found: set[str] = set()
    for requirement in PROJECT["optional-dependencies"][extra]:
        name = re.match(r"[\w-]+", requirement)
        assert name is not None
        if name[0] == "abstain":
            others = requirement.partition("[")[2].partition("]")[0].split(",")
            found = found.union(*(packages(other) for other in others))
        else:
            found.add({"inspect-ai": "inspect_ai"}.get(name[0], name[0].replace("-", "_")))
    return found


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_installs_the_modules_that_the_table_says(extra: str) -> None:
    assert packages(extra) == set(EXTRAS[extra])


def test_the_base_install_brings_nothing_of_an_extra_and_all_brings_what_runs_anywhere() -> None:
    base = {re.split(r"[<>=]", line)[0].replace("-", "_") for line in PROJECT["dependencies"]}
    assert not base & {module for modules in EXTRAS.values() for module in modules}
    assert packages("all") == FULL | {"math_verify", "sympy", "openai", "zstandard"}
    assert packages("all") <= packages("dev")


ELSEWHERE = {"pandas", "pydantic_core", "sklearn", "yaml"}
"""Modules that come with a declared package under another name, and pandas, whose error says how it is installed."""
OTHERS_OWN = {"verifiers", "nemo_rl"}
"""What only runs inside another trainer imports."""


def test_every_package_that_the_code_imports_is_declared() -> None:
    declared = {re.split(r"[<>=]", line)[0] for line in PROJECT["dependencies"]} | ELSEWHERE | OTHERS_OWN
    declared = declared.union(*EXTRAS.values(), sys.stdlib_module_names)
    for folder in ("abstain", "rewards", "data", "eval", "training", "recipes"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
                assert {name.partition(".")[0] for name in names} <= declared, path


def test_the_first_extra_with_all_modules_is_named_and_only_what_is_missing_is_listed() -> None:
    assert install_command("torch") == install_command("torch", "openai") == "pip install 'abstain[eval]'"
    with pytest.raises(MissingExtraError, match=r"^this needs lm-eval, which is not installed: pip install 'abstain"):
        require("this", "lm_eval")


def test_a_module_of_no_extra_and_one_that_is_there_have_no_extra_to_name() -> None:
    assert missing_extra(ModuleNotFoundError("No module named 'mine'", name="mine")) is None
    assert missing_extra(ModuleNotFoundError("broken", name="openai.gone")) is None or find_spec("openai") is None
    named = missing_extra(ModuleNotFoundError("No module named 'lm_eval'", name="lm_eval.api"))
    assert str(named) == "lm-eval is not installed: pip install 'abstain[lm-eval]'"


LOGGED = [
    {"id": "a", "completion": "It is Paris.", "answers": ["Paris"], "threshold": 0.5},
    {"id": "b", "completion": "I don't know", "answers": ["Rome"], "threshold": 0.5},
    {"id": "c", "completion": "It is Oslo.", "answers": ["Bern"], "threshold": 0.5},
]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_log_is_scored_compared_and_reported_without_any_extra(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", LOGGED)
    write(tmp_path / "other.jsonl", [{**LOGGED[0], "completion": "Rome"}, *LOGGED[1:]])
    scoring = [f"score {name}.jsonl --grader contains --out {name}" for name in ("log", "other")]
    found = abstain_each([*scoring, "compare log other --out compared", "report log"], tmp_path)
    assert {command: code for command, (code, _) in found.items()} == dict.fromkeys(found, 0), found
    assert '"abstention_rate"' in (tmp_path / "log" / "metrics.json").read_text()
    assert (tmp_path / "compared" / "compare.json").is_file()
    assert (tmp_path / "log" / "report.html").is_file()


@pytest.mark.skipif(find_spec("openai") is None, reason="needs the extra openai")
def test_a_server_is_evaluated_with_the_extra_openai_and_its_run_is_reported_without(tmp_path: Path) -> None:
    write(tmp_path / "q.jsonl", [{"question": f"Where does person {i} live?", "answers": ["Verrin"]} for i in range(4)])
    with Stub() as stub:
        words = ["eval", "--model", "m", "--base-url", stub.url, "--questions", "q.jsonl", "--targets", "0.25,0.75"]
        code, said = abstain(*words, "--out", "run", folder=tmp_path, hidden=FULL - {"openai"})
    assert code == 0, said
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert (environment["torch_threads"], environment["accelerators"]) == (None, [])
    (tmp_path / "run" / "report.html").unlink()
    code, said = abstain("report", "run", folder=tmp_path)
    assert code == 0, said
    assert (tmp_path / "run" / "report.html").is_file()
    assert "None" not in said


NEEDS = {
    "run tiny --out new": "training needs torch, transformers, trl, .*abstain[train]",
    "eval --model m --questions q.jsonl --out new": "backend transformers needs torch, transformers, .*abstain[eval]",
    "eval --model m --base-url http://127.0.0.1:9/v1 --questions q.jsonl --out new":
        "backend openai needs openai, .*abstain[openai]",
    "merge here --out new": "merging needs torch, .*abstain[eval]",
    "push here --dry-run new": "a model's folder for the Hub needs torch, .*abstain[eval]",
    "push here --to me/mine": "pushing to the Hub needs huggingface-hub, .*abstain[eval]",
    "audit --model m --questions q.jsonl --candidates choices": "an audit of a model needs torch, .*abstain[eval]",
    "recipes schema": "the list of a trainer's settings needs peft, transformers, trl, .*abstain[train]",
    "check qwen3-4b/grpo data=gsm8k": "a set on the Hub needs datasets, huggingface-hub, .*abstain[eval]",
    "eval --model m --backend vllm --questions q.parquet --out new": "backend vllm needs .*vllm, .*abstain[vllm]",
    "check finetune model=m data.train=q.parquet": "q.parquet: a Parquet file needs pyarrow, .*abstain[eval]",
}  # fmt: skip
"""Command → what it says where no extra is installed."""


def test_a_command_names_its_extra_in_one_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path / "q.jsonl", [{"question": "Capital of France?", "answers": ["Paris"]}])
    (tmp_path / "q.parquet").write_bytes(b"")
    for command, (code, said) in abstain_each(list(NEEDS), tmp_path).items():
        message = NEEDS[command].replace("[", r"\[").replace("]", r"\]")
        assert code == 2, (command, said)
        assert re.search(rf"^error: .*{message}'$", said, re.MULTILINE), (command, said)
        assert len([line for line in said.splitlines() if "error" in line]) == 1, (command, said)
        assert not (tmp_path / "new").exists(), command


def test_a_recipe_is_checked_as_far_as_it_goes_and_the_missing_extra_is_an_error(tmp_path: Path) -> None:
    small = "world={families: 8, held_out_families: 2, members: 20, mentions: [0, 2]}"
    code, said = abstain("check", "tiny", small, "--json", folder=tmp_path)
    checked = json.loads(said)
    assert (code, checked["can_run"]) == (2, False)
    (error,) = [found["message"] for found in checked["findings"] if found["level"] == "error"]
    assert "pip install 'abstain[train]'" in error
    assert any("break-even" in found["message"] for found in checked["findings"])  # the reward was looked at


def test_what_needs_no_extra_works_without_one(tmp_path: Path) -> None:
    commands = ["--help", "--version", "recipes list", "recipes show tiny", "audit graders", "sets list", "launch"]
    export = "export verl --recipe tiny --on-ungraded raise --out reward.py"
    found = abstain_each([*commands, export], tmp_path)
    assert {command: code for command, (code, _) in found.items()} == dict.fromkeys([*commands, export], 0), found
    assert (tmp_path / "reward.py").is_file()


REWARD = """
from abstain import AbstentionReward
from abstain.rewards import ConfidenceTarget, alias_match
reward = AbstentionReward(payoff=ConfidenceTarget(bounded=True), grader=alias_match())
print(reward(completions=["Paris", "Rome", "I don't know"], answers=[["Paris"]] * 3, threshold=[0.75] * 3))
"""
DOCTESTS = """
import doctest, importlib, pkgutil, abstain.rewards, abstain.recipes.runs.api
names = [info.name for info in pkgutil.walk_packages(abstain.rewards.__path__, "abstain.rewards.")]
for name in [*names, "abstain.recipes.runs.api"]:
    assert doctest.testmod(importlib.import_module(name)).failed == 0, name
"""
CALLS = """
import abstain
for call in (lambda: abstain.run("tiny", out="new"), lambda: abstain.evaluate("m", questions="q.jsonl", out="new")):
    try:
        call()
    except abstain.rewards.extras.MissingExtraError as error:
        print(error)
"""


def test_rewards_grade_and_pay_without_any_extra(tmp_path: Path) -> None:
    done = python(REWARD, folder=tmp_path)
    assert done.stdout == "[0.25, -0.75, 0.0]\n", done.stderr  # 1 - t, -t, 0 at t = 0.75
    assert python(DOCTESTS, folder=tmp_path).returncode == 0


def test_python_calls_raise_the_error_that_names_the_extra(tmp_path: Path) -> None:
    write(tmp_path / "q.jsonl", [{"question": "Capital of France?", "answers": ["Paris"]}])
    training, evaluating = python(CALLS, folder=tmp_path).stdout.splitlines()
    assert training.endswith("pip install 'abstain[train]'")
    assert evaluating.endswith("pip install 'abstain[eval]'")
    assert not (tmp_path / "new").exists()


def random_model(out: Path) -> str:
    """Return the folder of a model with random weights, made with transformers alone: the extra eval has no TRL."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from abstain.data import Document
    from abstain.training.laboratory.tokenizer import train_tokenizer

    tokenizer = train_tokenizer([Document(text="Where does person 0 live? I don't know.")], 300)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes, **ids)).save_pretrained(out)
    tokenizer.save_pretrained(out)
    return str(out)


@pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra eval")
def test_a_model_is_evaluated_with_the_extra_eval_alone(tmp_path: Path) -> None:
    write(tmp_path / "q.jsonl", [{"question": f"Where does person {i} live?", "answers": ["Verrin"]} for i in range(4)])
    words = [
        "eval",
        "--model",
        random_model(tmp_path / "model"),
        "--questions",
        "q.jsonl",
        "--targets",
        "0.25,0.75",
        "--max-new-tokens",
        "4",
    ]
    code, said = abstain(*words, "--out", "run", folder=tmp_path, hidden={"trl", "vllm"})
    assert code == 0, said
    assert (tmp_path / "run" / "report.html").is_file()
    code, said = abstain("run", "tiny", folder=tmp_path, hidden={"trl"})
    assert (code, said) == (2, "error: training needs trl, which is not installed: pip install 'abstain[train]'\n")
