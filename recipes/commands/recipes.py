"""`abstain recipes` and `abstain check`: what recipes there are, and what preflight finds in one.

`recipes` lists them, shows one, copies one to start from and prints the schema for editors; `check` prints its findings
for people or as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ...data import InputError, shown_targets
from ...data.nearest import nearest
from ...rewards import AbstentionReward
from ...rewards.extras import MissingExtraError
from ...training.preflight.findings import number_of
from ..config.catalogue import catalogue
from ..config.editor_schema import FILE, LINE, editor_schema
from ..config.layers import shipped_recipes
from ..config.load import dump_recipe, load_recipe
from .console import TerminalConsole

RecipeName = Annotated[str, typer.Argument(help="A shipped recipe's name (see `abstain recipes list`) or a YAML file.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(help="Changes to the recipe, as key=value: `seed=1 rl.grpo.max_steps=50`.")
]


def check(
    recipe: RecipeName,
    overrides: Overrides = None,
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
    except (InputError, MissingExtraError) as error:
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
    """Return what `--json` prints: recipe, can_run, counts and findings (level, message, fix), errors first.

    Args:
        recipe: A shipped recipe's name, or a file.
        overrides: `key=value` texts.
        probe: How many answers are sampled from the model; 0: it is not loaded.
    """
    loaded = load_recipe(recipe, overrides)
    from ..config.reward import recipe_reward
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
        "training_questions": len(prepared.rl),
        "stage_questions": {stage: len(prepared.of(stage)) for stage in loaded.stages},
        "eval_questions": len(prepared.eval),
        "break_even": None,
        "findings": [{"level": f.level, "message": f.message, "fix": f.fix} for f in found],
    }
    if loaded.rl is not None and told["can_run"]:
        told["break_even"] = break_even_text(recipe_reward(loaded), loaded.training_targets(prepared.rl))
    return told


def break_even_text(reward: AbstentionReward, targets: Sequence[float]) -> str:
    """Return in words where the full reward breaks even: at the target itself, or else where at a few of them.

    Args:
        reward: The payoff with its weight and terms.
        targets: Those that prompts state, ascending; at least one.

    Raises:
        ValueError: the payoff pays no more for being right than for being wrong.
    """
    if reward.payoff.break_even != "threshold":
        return str(reward.break_even_at(targets[0]))
    found = {t: reward.break_even_at(t) for t in shown_targets(targets)}
    if all(even.is_at(t) for t, even in found.items()):
        return f"the prompt's target, {targets[0]:g} to {targets[-1]:g}"
    return ", ".join(f"{even} at target {t:g}" for t, even in found.items())


def _say(told: dict[str, Any]) -> None:
    console = TerminalConsole()
    for finding in told["findings"]:
        fix = f". Fix: {finding['fix']}" if finding["fix"] else ""
        console.say(f"{finding['level']}: {finding['message']}{fix}")
    stages = ", ".join(f"{stage} {number}" for stage, number in told["stage_questions"].items())
    trained = number_of(told["training_questions"], "training question") + (f" ({stages})" if stages else "")
    console.say(f"{number_of(told['documents'], 'document')}, {trained}, {told['eval_questions']} to evaluate")
    if told["break_even"] is not None:
        console.say(f"break-even of the reward: {told['break_even']}")
    console.say("the recipe can run" if told["can_run"] else "the recipe cannot run")


recipes_app = typer.Typer(help="Browse the shipped recipes and start from one.", no_args_is_help=True)
WIDE = 200
"""Columns of the table where the output is no terminal."""


@recipes_app.command("list")
def list_recipes(
    containing: Annotated[str, typer.Argument(help="Only recipes whose name contains this.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, with every column in full.")] = False,
) -> None:
    """List the shipped recipes. Hardware and duration are estimates where they say so.

    Example: `abstain recipes list qwen3`
    """
    rows = catalogue(containing)
    if not rows:
        raise InputError(f"no shipped recipe's name contains {containing!r}{nearest(containing, shipped_recipes())}")
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=1))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDE)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "model", "method", "data", "hardware", "verified"):
        table.add_column(title, overflow="fold", no_wrap=title == "name")
    for row in rows:
        verified = row.verified.partition(";")[0]
        table.add_row(row.name, row.model, row.method, row.data, row.hardware, verified)
    console.print(table)


@recipes_app.command()
def show(recipe: RecipeName, overrides: Overrides = None) -> None:
    """Print a recipe with everything it inherits and every default.

    Example: `abstain recipes show qwen3-4b/grpo data=gsm8k`
    """
    typer.echo(dump_recipe(load_recipe(recipe, overrides or [])), nl=False)


@recipes_app.command()
def copy(
    recipe: RecipeName,
    path: Annotated[Path, typer.Argument(help="The new file; it must not exist.")],
    *,
    schema: Annotated[
        bool, typer.Option("--schema", help="Write the schema beside it too, so that editors complete its keys.")
    ] = False,
) -> None:
    """Copy a shipped recipe to a file of your own, named after the file. What it extends stays where it is.

    Where the schema lies in the same folder, the copy's first line names it to editors.

    Example: `abstain recipes copy qwen3-4b/grpo my.yaml --schema`
    """
    shipped = shipped_recipes()
    if recipe not in shipped:
        raise InputError(f"no shipped recipe {recipe!r}{nearest(recipe, shipped)}; see `abstain recipes list`")
    if path.exists():
        raise InputError(f"{path}: exists already; nothing was overwritten")
    beside = path.with_name(FILE)
    if schema:
        _write_schema(beside)
    first = f"{LINE}\n" if beside.is_file() else ""
    named = re.sub(r"(?m)^name: .*$", lambda _: f"name: {json.dumps(path.stem)}", shipped[recipe], count=1)
    path.write_text(first + named, encoding="utf-8")
    typer.echo(f"{path}")


@recipes_app.command("schema")
def print_schema(
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
) -> None:
    """Print the JSON schema of recipe files, with which editors complete keys and say what they mean.

    Example: `abstain recipes schema --out abstain-recipe.schema.json`
    """
    if out is None:
        typer.echo(json.dumps(editor_schema(), indent=1))
    else:
        _write_schema(out)
        typer.echo(f"{out}")


def _write_schema(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist")
    path.write_text(json.dumps(editor_schema(), indent=1) + "\n", encoding="utf-8")
