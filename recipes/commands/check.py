"""`abstain check`: everything that preflight finds, for people or as JSON."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from ...data import InputError
from ..config.load import load_recipe
from .console import TerminalConsole


def check(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe's name (see `abstain recipes list`) or a YAML file.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes to the recipe, as key=value: `seed=1 rl.grpo.max_steps=50`.")
    ] = None,
    *,
    probe: Annotated[
        int, typer.Option(min=0, help="Also sample that many answers of the untouched model; loads it, so slower.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Validate a recipe, its data, its model and its configs, without training.

    Errors stop a run, and make this command end with exit code 2; warnings and notes do not. Every finding says what
    to do about it.

    Example: `abstain check tiny rl.grpo.scale_rewards=group`
    """
    try:
        told = examine(recipe, overrides or [], probe)
    except InputError as error:
        if not as_json:
            raise
        told = {"recipe": recipe, "can_run": False, "findings": [{"level": "error", "message": str(error), "fix": ""}]}
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        _say(told)
    if not told["can_run"]:
        raise typer.Exit(2)


def examine(recipe: str, overrides: list[str], probe: int = 0) -> dict[str, Any]:
    """Return what `--json` prints: recipe, can_run, counts and findings (level, message, fix), errors first."""
    loaded = load_recipe(recipe, overrides)
    from ..runs.check import findings
    from ..runs.prepare import prepare
    from ..runs.run import quiet

    quiet()
    prepared = prepare(loaded)
    found = findings(loaded, prepared, probe=probe)
    told: dict[str, Any] = {
        "recipe": loaded.name,
        "can_run": all(finding.level != "error" for finding in found),
        "documents": len(prepared.documents),
        "rl_questions": len(prepared.rl),
        "eval_questions": len(prepared.eval),
        "break_even": None,
        "findings": [{"level": f.level, "message": f.message, "fix": f.fix} for f in found],
    }
    if loaded.rl is not None and told["can_run"]:
        even = loaded.rl.payoff.build().break_even
        targets = loaded.training_targets(prepared.rl)
        shown = f"the prompt's target, {targets[0]:g} to {targets[-1]:g}"
        told["break_even"] = shown if even == "threshold" else f"{even}"
    return told


def _say(told: dict[str, Any]) -> None:
    console = TerminalConsole()
    for finding in told["findings"]:
        fix = f". Fix: {finding['fix']}" if finding["fix"] else ""
        console.say(f"{finding['level']}: {finding['message']}{fix}")
    counts = f"{told['documents']} documents, {told['rl_questions']} RL questions, {told['eval_questions']} to evaluate"
    console.say(counts)
    if told["break_even"] is not None:
        console.say(f"break-even of the reward: {told['break_even']}")
    console.say("the recipe can run" if told["can_run"] else "the recipe cannot run")
