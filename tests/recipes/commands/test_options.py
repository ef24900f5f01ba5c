"""An option is said once: in the signature and the `Args` of a Python call. Its command has it from there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import abstain
from abstain.recipes.commands.cli import app
from abstain.recipes.commands.options import flags, read_options, takes_options_of


def ask(
    model: str,
    *,
    targets: Sequence[float] | None = None,
    columns: Mapping[str, str] | None = None,
    penalty: int = 3,
    loud: bool = False,
    progress: object = None,
) -> None:
    """Ask a model.

    Args:
        model: The model's folder.
        targets: Where it is asked.
        columns: Field → column, beside `penalty`.
        penalty: Of a wrong
            answer.
        loud: Say more.
        progress: Is told how far it is.

    Raises:
        ValueError: never.
    """


def command_of(**forms: Any) -> tuple[typer.Typer, list[dict[str, Any]]]:
    """Return an app with one command, and the options of every call of it."""
    calls: list[dict[str, Any]] = []
    app = typer.Typer()

    @app.command()
    @takes_options_of(ask, **forms)
    def _(**options: Any) -> None:
        calls.append(read_options(options))

    return app, calls


@pytest.mark.parametrize("call", [abstain.evaluate, abstain.score, abstain.compare])
def test_every_option_of_a_python_call_is_one_of_its_command_and_described(call: Callable[..., Any]) -> None:
    names = {"evaluate": "eval"}
    group: Any = typer.main.get_command(app)
    command = group.commands[names.get(call.__name__, call.__name__)]
    described = {flag: parameter.help for parameter in command.params for flag in parameter.opts}
    for name in set(inspect.signature(call).parameters) - {"progress"}:
        assert described.get(flags(name)[0]) or described[name], name


def test_an_option_that_a_call_takes_is_one_of_its_command_with_type_default_and_help() -> None:
    app, calls = command_of()
    runner = CliRunner()
    shown = " ".join(runner.invoke(app, ["--help"], env={"COLUMNS": "200"}).output.split())
    assert "--penalty <int> Of a wrong answer. [default: 3]" in shown
    assert "Field → column, beside --penalty." in shown
    assert "--progress" not in shown
    assert "--no-loud" not in shown
    given = ["--model", "m", "--targets", "0.25,0.5", "--column", "id=key", "--column", "answers=gold", "--loud"]
    assert runner.invoke(app, given).exit_code == 0
    assert calls == [
        {
            "model": "m",
            "targets": [0.25, 0.5],
            "columns": {"id": "key", "answers": "gold"},
            "penalty": 3,
            "loud": True,
        }
    ]


def test_a_command_takes_only_the_options_it_names() -> None:
    app, calls = command_of(only=("model", "penalty"))
    assert CliRunner().invoke(app, ["--model", "m", "--penalty", "9"]).exit_code == 0
    assert calls == [{"model": "m", "penalty": 9}]
    assert CliRunner().invoke(app, ["--model", "m", "--loud"]).exit_code == 2
