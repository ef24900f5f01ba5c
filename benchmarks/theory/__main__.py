"""The theorems of arXiv:2509.04664 on models made for them: simulated, enumerated, trained. See docs/theory.md.

    python benchmarks/theory facts --skew 1                  # a simulated learner of arbitrary facts
    python benchmarks/theory poor --states 4                 # models too small for their task, by enumeration
    python benchmarks/theory learn birthdays.jsonl           # small models trained on N draws of facts
    python benchmarks/theory pretraining tiny                # delta along the pre-training of a recipe's base model
    python benchmarks/theory bounds --draws 100000           # random distributions on which every bound must hold
    python benchmarks/theory cost --prompts 10000            # what scoring candidates costs
    python benchmarks/theory runs runs/tiny-0 runs/tiny-1    # audited runs of several seeds, side by side

Exit codes: 0 done, 1 the study failed, 2 the input is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from abstain.data import InputError, RunError
from abstain.recipes.commands.audit import show
from abstain.recipes.commands.console import TerminalConsole


def main(words: Sequence[str] | None = None) -> int:
    """Run the study that `words` name, by default those of the command line, and return the exit code."""
    arguments = _parser().parse_args(words)
    try:
        COMMANDS[arguments.command](arguments)
    except (InputError, RunError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    return 0


def facts(arguments: argparse.Namespace) -> None:
    """Simulate a calibrated learner of arbitrary facts, with the singleton rate's bounds on its errors."""
    from count_learner import FactWorld, simulate
    from simulated_facts import fact_sentences, fact_table

    sizes = _sizes(arguments.samples)
    world = FactWorld(
        prompts=arguments.prompts,
        skew=arguments.skew,
        answers=arguments.answers,
        answering=_share(arguments.answering),
    )
    rows = simulate(world, sizes, arguments.seed)
    if arguments.out is not None:
        from study_pictures import learners_by_samples

        from abstain.eval.report import plotting

        plotting.save_print(learners_by_samples(rows), arguments.out, "audit_learners")
    show("", fact_table(rows), fact_sentences(rows))


def poor(arguments: argparse.Namespace) -> None:
    """Compute what models that are too small for their task must err, and what they do."""
    from poor import poor_cases, poor_sentences, poor_table, write_poor

    cases = poor_cases(arguments.length, arguments.states)
    if arguments.out is not None:
        write_poor(cases, arguments.out)
    show("", poor_table(cases), poor_sentences(cases))


def learn(arguments: argparse.Namespace) -> None:
    """Train small models on arbitrary facts drawn N times, and measure err against the singleton rate."""
    from learn import LearnStudy, learn, learn_sentences, learn_table
    from learnt_facts import birthday_facts, stranger_facts

    sizes, answering = _sizes(arguments.samples), _share(arguments.answering)
    if arguments.birthdays is None:
        chosen = stranger_facts(arguments.facts, arguments.values, arguments.seed)
    else:
        chosen = birthday_facts(arguments.birthdays)
    study = LearnStudy(
        facts=chosen,
        samples=tuple(sizes),
        answering=answering,
        epochs=arguments.epochs,
        seed=arguments.seed,
        out=arguments.out,
    )
    with TerminalConsole() as console:
        rows = learn(study, console)
    show(f"{chosen.name}, {len(chosen.questions)} facts", learn_table(rows), learn_sentences(rows))
    print(f"figure: {arguments.out / 'audit_learn.svg'}")


def pretraining(arguments: argparse.Namespace) -> None:
    """Pre-train a recipe's base model and measure delta, the log loss and ECE after 10, 20, 40, ... steps."""
    from pretraining import Pretraining, audit_pretraining, pretraining_sentences, pretraining_table

    from abstain.recipes import load_recipe

    recipe = load_recipe(arguments.recipe, arguments.changes)
    study = Pretraining(recipe=recipe, out=arguments.out, max_prompts=arguments.max_prompts)
    with TerminalConsole() as console:
        rows = audit_pretraining(study, console)
    show(f"{recipe.name}, {rows[0]['prompts']} questions", pretraining_table(rows), pretraining_sentences(rows))
    print(f"figure: {arguments.out / 'audit_pretraining.svg'}")


def bounds(arguments: argparse.Namespace) -> None:
    """Count violations of the bounds on random finite distributions."""
    from bounds import multiple_choice, reduction

    reduction(arguments.draws)
    multiple_choice(arguments.draws)


def cost(arguments: argparse.Namespace) -> None:
    """Measure what scoring 365 candidates behind many prompts costs."""
    from cost import measure

    measure(arguments.prompts)


def runs(arguments: argparse.Namespace) -> None:
    """Print the mean over audited runs of different seeds, and the range."""
    from audited_runs import compare

    compare(arguments.folders, arguments.figures)


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "facts": facts,
    "poor": poor,
    "learn": learn,
    "pretraining": pretraining,
    "bounds": bounds,
    "cost": cost,
    "runs": runs,
}
"""Name → study; the first line of its docstring is its help."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/theory", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add = {name: commands.add_parser(name, help=study.__doc__) for name, study in COMMANDS.items()}

    one = add["facts"]
    one.add_argument("--prompts", type=_whole(1), default=10_000_000, help="facts that there are")
    one.add_argument("--skew", type=_number(0), default=0.0, help="how unequally they are asked: 1 is Zipf's law")
    one.add_argument("--answers", type=_whole(2), default=365, help="possible answers of each")
    one.add_argument("--samples", default="1000,10000,100000,1000000,10000000", help="training samples N, by commas")
    one.add_argument("--out", type=Path, help="folder for the picture of err between its bounds")

    one = add["poor"]
    one.add_argument("--length", type=_whole(1, 8), default=4, help="letters of a word")
    one.add_argument("--states", type=_whole(1, 4), default=3, help="most states of an automaton; 4 take seconds")
    one.add_argument("--out", type=Path, help="folder for the numbers and the figure")

    one = add["learn"]
    one.add_argument("birthdays", nargs="?", help="file of people with `name` and `birthday`; else strangers")
    one.add_argument("--samples", default="300,600,1200,2400", help="N, by commas; a model is trained for each")
    one.add_argument("--facts", type=_whole(2, 2000), default=600, help="strangers of the synthetic world")
    one.add_argument("--values", type=_whole(2, 24), default=20, help="instruments that a stranger may play")
    one.add_argument("--epochs", type=_whole(1), default=12, help="how often each model reads its samples")
    one.add_argument("--out", type=Path, default=Path("audit-learn"), help="folder of models and measurements")

    for one in (add["facts"], add["learn"]):
        one.add_argument("--answering", type=float, default=0.9, help="share of training samples that answer, (0, 1]")
        one.add_argument("--seed", type=_whole(0), default=0, help="of the samples and the models")

    one = add["pretraining"]
    one.add_argument("recipe", help="a recipe with a synthetic world and a base model: a name or a path")
    one.add_argument("changes", nargs="*", help="changes to it, as base.trainer.max_steps=400")
    one.add_argument("--out", type=Path, default=Path("audit-pretraining"), help="folder of what is measured")
    one.add_argument("--max-prompts", type=_whole(2), help="questions of each split; default: all")

    add["bounds"].add_argument("--draws", type=_whole(1), default=100_000)
    add["cost"].add_argument("--prompts", type=_whole(50), default=10_000, help="at least 50, which the ratio takes")
    add["runs"].add_argument("folders", type=Path, nargs="+", help="runs that have an audit.json")
    add["runs"].add_argument("--figures", type=Path, help="folder for the figures")
    return parser


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return what reads a whole number from `least` to `most`."""

    def read(text: str) -> int:
        value = int(text)
        if value < least or (most is not None and value > most):
            allowed = f"at least {least}" if most is None else f"from {least} to {most}"
            raise argparse.ArgumentTypeError(f"must be {allowed}, got {value}")
        return value

    read.__name__ = "whole number"  # argparse names it where the text is none
    return read


def _number(least: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not value >= least:
            raise argparse.ArgumentTypeError(f"must be at least {least:g}, got {text}")
        return value

    read.__name__ = "number"
    return read


def _sizes(samples: str) -> list[int]:
    """Return the N of --samples."""
    try:
        sizes = [int(float(part)) for part in samples.split(",")]
    except ValueError:
        raise InputError(f"--samples: expected numbers with commas between them, got {samples!r}") from None
    if min(sizes) < 2:
        raise InputError(f"--samples: must be at least 2, got {min(sizes)}")
    return sizes


def _share(answering: float) -> float:
    if not 0 < answering <= 1:
        raise InputError(f"--answering: must be in (0, 1], got {answering:g}")
    return answering


if __name__ == "__main__":
    sys.exit(main())
