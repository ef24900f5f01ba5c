"""`abstain audit poor | learn | pretraining`: studies of the theory that bring their own models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..data import InputError
from .console import TerminalConsole


def poor(
    *,
    length: Annotated[int, typer.Option(min=1, max=8, help="Letters of a word.")] = 4,
    states: Annotated[int, typer.Option(min=1, max=4, help="Most states of an automaton; 4 take seconds.")] = 3,
    out: Annotated[Path | None, typer.Option(help="Folder for the numbers and the figure.")] = None,
) -> None:
    """Compute what models that are too small for their task must err, and what they do.

    n-gram models on two-choice agreement sentences; counting letters with every automaton of so many states, and with
    models that see the last letters alone. opt(G) is computed by enumeration, as fractions.

    Example: `abstain audit poor --states 4`
    """
    from .audit_poor import poor_cases, poor_sentences, poor_table, write_poor
    from .cli_audit import show

    cases = poor_cases(length, states)
    if out is not None:
        write_poor(cases, out)
    show("", poor_table(cases), poor_sentences(cases))


def learn(
    birthdays: Annotated[
        str | None,
        typer.Argument(
            help="A file of people with `name` and `birthday`. [default: strangers of the made world]",
            show_default=False,
        ),
    ] = None,
    *,
    samples: Annotated[str, typer.Option(help="Training samples N, by commas; a model is trained for each.")] = (
        "300,600,1200,2400"
    ),
    facts: Annotated[int, typer.Option(min=2, max=2000, help="Strangers of the made world.")] = 600,
    values: Annotated[int, typer.Option(min=2, max=24, help="Instruments that a stranger may play.")] = 20,
    answering: Annotated[float, typer.Option(help="Share of training samples that answer, in (0, 1].")] = 0.9,
    epochs: Annotated[int, typer.Option(min=1, help="How often each model reads its samples.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Of the samples and the models.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the models and of what is measured.")] = Path("audit-learn"),
) -> None:
    """Train small models on arbitrary facts drawn N times, and measure err against the singleton rate.

    With a file of birthdays the answers are the 366 days of the year, and the errors of a person all the other days.

    Example: `abstain audit learn us_legislators.jsonl --samples 300,600`
    """
    from ..eval.audit.learnt_facts import birthday_facts, stranger_facts
    from .audit_learn import LearnStudy, learn, learn_sentences, learn_table
    from .cli_audit import show
    from .cli_eval import numbers

    sizes = tuple(int(n) for n in numbers(samples, "--samples"))
    if min(sizes) < 2:
        raise InputError(f"--samples: must be at least 2, got {min(sizes)}")
    if not 0 < answering <= 1:
        raise InputError(f"--answering: must be in (0, 1], got {answering:g}")
    chosen = stranger_facts(facts, values, seed) if birthdays is None else birthday_facts(birthdays)
    asked = LearnStudy(facts=chosen, samples=sizes, answering=answering, epochs=epochs, seed=seed, out=out)
    with TerminalConsole() as console:
        rows = learn(asked, console)
    show(f"{chosen.name}, {len(chosen.questions)} facts", learn_table(rows), learn_sentences(rows))
    typer.echo(f"figure: {out / 'audit_learn.svg'}")


def pretraining(
    recipe: Annotated[str, typer.Argument(help="A recipe with a made world and a base model: a name or a path.")],
    changes: Annotated[list[str] | None, typer.Argument(help="Changes to it, as base.trainer.max_steps=400.")] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder of the checkpoints and of what is measured.")] = Path(
        "audit-pretraining"
    ),
    max_prompts: Annotated[int | None, typer.Option(min=2, help="Questions of each split. [default: all]")] = None,
) -> None:
    """Pre-train a recipe's base model and measure delta, the log loss and ECE after 10, 20, 40, ... steps.

    Example: `abstain audit pretraining tiny --max-prompts 200`
    """
    from .audit_pretraining import Pretraining, audit_pretraining, pretraining_sentences, pretraining_table
    from .cli_audit import show
    from .load import load_recipe

    asked = Pretraining(recipe=load_recipe(recipe, changes or []), out=out, max_prompts=max_prompts)
    with TerminalConsole() as console:
        rows = audit_pretraining(asked, console)
    show(f"{asked.recipe.name}, {rows[0]['prompts']} questions", pretraining_table(rows), pretraining_sentences(rows))
    typer.echo(f"figure: {out / 'audit_pretraining.svg'}")
