"""The README is short; its Python and that of the guides runs as it stands; their commands and options exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import trl
import typer.main

from abstain.recipes.commands.cli import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
TRL_SCRIPT, EVALUATION, PAYOFF = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
GUIDES = sorted((Path(__file__).parents[1] / "docs" / "guides").glob("*.md"))
PAGES = "\n".join([README, *(path.read_text(encoding="utf-8") for path in GUIDES)])
JOINED = re.sub(r"\\\n\s*", "", PAGES)  # a line that ends with a backslash goes on
COMMANDS = [shlex.split(line, comments=True) for line in re.findall(r"^    (abstain .*)$", JOINED, re.MULTILINE)]
COMMANDS += [shlex.split(text) for text in re.findall(r"`(abstain [^`]* --?[^`]*)`", PAGES)]


def test_the_readme_has_fewer_than_nine_hundred_words() -> None:
    assert len(README.split()) < 900


def test_the_script_passes_its_own_check_and_reaches_the_trainer(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    class Trainer:
        def __init__(self, model: str, **settings: Any) -> None:
            given.update(settings, model=model)

        def train(self) -> None:
            given["trained"] = True

    monkeypatch.setattr(trl, "GRPOTrainer", Trainer)
    exec(compile(TRL_SCRIPT.replace('"none"', '"none", bf16=False, use_cpu=True'), "README.md", "exec"), {})
    assert given["trained"]
    paid = given["reward_funcs"](
        completions=["Paris", "It is Rome.", "I don't know"], answers=[["Paris"]] * 3, threshold=[0.75] * 3
    )
    assert paid == [0.25, -0.75, 0.0]  # 1 − t, −t and 0: the bounded form


def test_the_payoff_of_the_example_breaks_even_where_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    scope: dict[str, Any] = {}
    exec(compile(PAYOFF, "README.md", "exec"), scope)
    assert float(capsys.readouterr().out) == pytest.approx(0.75)  # wrong costs 3 < 5: 3 / (1 + 3)
    paid = scope["reward"](completions=["Rome"], answers=[["Paris"]], threshold=[0.9])
    assert paid == [-5.0]  # 0.9 / 0.1 = 9, capped


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_of_the_pages_exists_with_the_options_it_shows(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    names = words[1:]
    while hasattr(command, "commands") and names and not names[0].startswith("-"):
        command = command.commands[names.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


BLOCKS = [
    pytest.param(block, id=f"{path.stem}-{number}")
    for path in GUIDES
    for number, block in enumerate(re.findall(r"```python[^\n]*\n(.*?)```", path.read_text("utf-8"), re.DOTALL))
    if "org/model" not in block  # needs a model
]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_python_of_the_guides_runs(block: str) -> None:
    exec(compile(block, "docs/guides", "exec"), {})
