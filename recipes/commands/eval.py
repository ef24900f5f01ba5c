"""`abstain eval`: asks a model a set of questions at every target and measures what it did."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
import yaml

from ...data import InputError
from ...eval.sweep.shard import current_shard
from ..config.grader_text import grader_section
from ..config.load import RecipeLoader
from .console import TerminalConsole

if TYPE_CHECKING:
    from ..config.schema import Recipe


def evaluate(
    model: Annotated[str, typer.Option(help="Model folder or Hub id with a chat template, or a server's name of it.")],
    questions: Annotated[
        str,
        typer.Option(help="A ready set (`popqa`, `popqa:FILE`), a question file, or a Hub set (owner/name[:split])."),
    ],
    adapter: Annotated[str | None, typer.Option(help="PEFT adapter folder on top of the model.")] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="An OpenAI-compatible server, http://localhost:8000/v1; --model is its name there."),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(help="transformers, vllm or openai. [default: openai with --base-url, else transformers]"),
    ] = None,
    backend_option: Annotated[
        list[str] | None,
        typer.Option(help="An option of the backend (docs/backends.md), tokenizer=org/model; may be repeated."),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="float32, bfloat16, float16 or auto (as saved). [default: auto on a GPU; on a CPU bfloat16 where the "
            "model was saved in two bytes and the processor multiplies in it, else float32]"
        ),
    ] = None,
    device_map: Annotated[str | None, typer.Option(help="Where the weights go: auto, cpu, cuda:0, ...")] = None,
    targets: Annotated[
        str | None, typer.Option(help="Targets in (0, 1), by commas. [default: 0.1,0.2,...,0.9]")
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            "--protocol",
            "--route",
            help="target: the prompt states each target. post_hoc: each question is asked once, and the confidence "
            "of the answer is compared with every target. open-rubric: the question alone against the question with "
            "the scoring rule, at penalties 0, 1, 3 and 9, plainly and where two samples agree. [default: target]",
        ),
    ] = None,
    confidence: Annotated[
        str | None,
        typer.Option(
            help="Of an item: sequence_probability (of the whole completion), answer (of the answer's own words), "
            "agreement (of samples), p-true (it is asked whether it is right), stated, gate (how readily it abstains "
            "at the targets). [default: sequence_probability]"
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            help="Wording of the prompts: points, exam, bet or plain, with @VERSION. Several with commas, or all: "
            "each is asked in a folder of its own, and the spread of the metrics is told. [default: the recipes']"
        ),
    ] = None,
    chat_template_kwargs: Annotated[
        str | None,
        typer.Option(help="Variables of the model's chat template, as in a recipe: `{enable_thinking: false}`."),
    ] = None,
    samples: Annotated[int | None, typer.Option(help="Forced samples per question. [default: 4]")] = None,
    system: Annotated[str | None, typer.Option(help="What the model is called in the report. [default: model]")] = None,
    grader: Annotated[
        str | None,
        typer.Option(
            help="A kind (alias, contains, numeric, choice, math, ...) or a section, `{kind: numeric, relative: 0.01}`."
        ),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="Where a field stands: answers=gold, answers=answer.aliases; repeatable.")
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="What stands between several accepted answers in one cell, such as `;`.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Keep the rows with this value: relation=P17; repeatable.")
    ] = None,
    instruction: Annotated[
        str | None,
        typer.Option(
            help="A line after every question that says what an answer looks like; '' is none. [default: the set's, or "
            "what the grader compares: 'Answer in one to five words.']"
        ),
    ] = None,
    max_items: Annotated[int | None, typer.Option(help="Ask at most so many questions, drawn with the seed.")] = None,
    max_new_tokens: Annotated[
        int | None,
        typer.Option(help="Longest completion, in tokens. [default: the set's, 48 where answers are short; else 32]"),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Sequences generated at once. [default: 64]")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of samples and intervals. [default: 0]")] = None,
    out: Annotated[Path | None, typer.Option(help="The new folder. [default: runs/MODEL-QUESTIONS]")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted evaluation in its folder.")] = False,
) -> None:
    """Ask a model a set of questions at every target, and measure whether it abstains exactly when it should.

    Example: `abstain eval --model runs/tiny/base --adapter runs/tiny/adapter --questions popqa`
    """
    from ..config.evaluation import evaluation_recipe
    from ..runs.templates import template_names

    templates = template_names(template)
    recipe_of = partial(
        evaluation_recipe,
        place="--",
        model=model,
        adapter=adapter,
        base_url=base_url,
        backend=backend,
        backend_options={
            key: yaml.load(value, RecipeLoader)
            for key, value in (_pair(text, "--backend-option") for text in backend_option or ())
        },
        dtype=dtype,
        device_map=device_map,
        system=system,
        questions=questions,
        columns=pairs(column or (), "--column"),
        separator=separator,
        where=values(where or ()),
        instruction=instruction,
        max_items=max_items,
        targets=None if targets is None else numbers(targets, "--targets"),
        protocol=None if protocol is None else protocol_name(protocol),
        confidence=None if confidence is None else confidence.replace("-", "_"),
        chat_template_kwargs=None if chat_template_kwargs is None else mapping(chat_template_kwargs),
        samples=samples,
        grader=None if grader is None else grader_section(grader),
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        seed=seed,
    )
    if templates:
        _evaluate_in_each({name: recipe_of(template=name) for name in templates}, out, resume)
    else:
        _evaluate(recipe_of(template=template), out, resume)


def _evaluate(recipe: Recipe, out: Path | None, resume: bool) -> None:
    from ..runs.run import run
    from .report import conclude

    with TerminalConsole(shown=current_shard().main) as console:
        finished = run(recipe, out or Path("runs") / recipe.name, console, resume=resume, grader_place="--grader")
    if finished is not None:
        conclude(finished, finished.report)


def _evaluate_in_each(recipes: Mapping[str, Recipe], out: Path | None, resume: bool) -> None:
    from ...eval.report.summary import spread_text
    from ..runs.templates import evaluate_templates

    folder = out or Path("runs") / f"{next(iter(recipes.values())).name}-wordings"
    with TerminalConsole(shown=current_shard().main) as console:
        found = evaluate_templates(recipes, folder, console, resume=resume)
    if found is not None:
        typer.echo(spread_text(found))
        typer.echo(f"spread: {folder / 'wordings.json'}")
        typer.echo(f"side by side: abstain report {' '.join(str(folder / name) for name in recipes)}")


sets_app = typer.Typer(help="The question sets that are ready to be asked by name.", no_args_is_help=True)


@sets_app.command("list")
def list_sets() -> None:
    """List the ready question sets, each with its source, default grader and licence.

    Example: `abstain sets list`
    """
    from rich.console import Console as Rich
    from rich.table import Table

    from ...data import QUESTION_SETS

    table = Table("name", "set", "from", "split", "grader", "licence", box=None, pad_edge=False)
    for name, chosen in QUESTION_SETS.items():
        where = chosen.hub or (chosen.url or "").partition("://")[2].partition("/")[0]
        table.add_row(name, chosen.title, where, chosen.split, str(chosen.grader["kind"]), chosen.licence)
    Rich(highlight=False, width=None if sys.stdout.isatty() else 140).print(table)


def protocol_name(text: str) -> str:
    """Return the name that recipes have for the protocol `text`, written with hyphens or as version 0.1.0 did."""
    return "post_hoc" if text == "afterwards" else text.replace("-", "_")


def numbers(text: str, option: str) -> list[float]:
    """Return the numbers that `text` holds, commas between them."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"{option}: expected numbers with commas between them, got {text!r}") from None


def _pair(text: str, option: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key or not value:
        raise InputError(f"{option}: write it as NAME=VALUE, got {text!r}")
    return key, value


def mapping(text: str) -> dict[str, Any]:
    """Return the YAML mapping that `text` of --chat-template-kwargs is."""
    try:
        found: Any = yaml.load(text, RecipeLoader)
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise InputError(f"--chat-template-kwargs: write it as {{enable_thinking: false}}, got {text!r}")
    return cast("dict[str, Any]", found)


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """Return what `texts`, each NAME=VALUE, say."""
    return dict(_pair(text, option) for text in texts)


def values(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Return the allowed values by column that `texts` of --where name."""
    chosen: dict[str, list[Any]] = {}
    for key, value in (_pair(text, "--where") for text in texts):
        chosen.setdefault(key, []).append(yaml.load(value, RecipeLoader))
    return chosen
