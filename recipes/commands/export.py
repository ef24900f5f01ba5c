"""`abstain merge`, `abstain push` and `abstain export`: what leaves a run or a recipe for other programs.

`merge` puts an adapter's weights into its model's, `push` sends a trained model and its card to the Hugging Face Hub,
and `export` writes a recipe's reward for another trainer, or a sweep for another evaluation harness.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from ...data import InputError
from ...rewards.extras import require
from ..config.load import load_recipe
from ..runs.api import evaluate
from .console import TerminalConsole
from .options import flags, read_options, takes_options_of
from .recipes import Overrides


def merge(
    trained: Annotated[Path, typer.Argument(metavar="RUN_OR_ADAPTER", help="A run's folder, or a PEFT adapter's.")],
    out: Annotated[Path, typer.Option(help="The new model folder; missing or empty.")],
    model: Annotated[
        str | None, typer.Option(help="The adapter's model, a folder or Hub id. [default: the one it was trained on]")
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(help="Save weights as float32, bfloat16 or float16. [default: as the model is saved]"),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="Largest difference of a logit. [default: 0.001 float32, 0.05 float16, 0.25 bfloat16]"
        ),
    ] = None,
) -> None:
    """Merge an adapter into its model, as an ordinary model folder, and check that the logits stay the same.

    Logits of model and adapter are compared with those of the saved folder, in float32 on the CPU; where one differs by
    more than the tolerance, nothing is written and the exit code is 1.

    Example: `abstain merge runs/tiny --out runs/tiny-merged`, then `abstain eval --model runs/tiny-merged ...`
    """
    require("merging", "torch", "transformers", "peft", "safetensors")
    from ...training.merge import check_out, merge_adapter
    from ..runs.merge import find_trained
    from ..runs.run import quiet

    check_out(out)
    found = find_trained(trained, model)
    if found.adapter is None:
        raise InputError(f"{found.model}: is a whole model already, there is nothing to merge")
    quiet()
    with TerminalConsole() as console:
        console.stage("merge")
        console.say(f"{found.adapter} into {found.model}")
        if found.unfinished:
            console.say(
                f"the run is not finished: this is the adapter after {found.stage}, without "
                f"{', '.join(found.unfinished)}; go on with `abstain run --resume`"
            )
        result = merge_adapter(found.model, found.adapter, out, found.probes, dtype=dtype, tolerance=tolerance)
        console.say(
            f"largest difference of a logit {result.largest_difference:.2g} (tolerance {result.tolerance:g} for "
            f"{result.dtype}) over {result.tokens} tokens; {result.same_choice:.2%} have the same likeliest next token"
        )
    typer.echo(f"model: {out}")


def push(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    to: Annotated[str | None, typer.Option(help="The model repository, USER/NAME; made where there is none.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    merged: Annotated[
        bool,
        typer.Option("--merged", help="Push the whole model with the adapter in its weights, as `merge` makes it."),
    ] = False,
    base: Annotated[
        str | None, typer.Option(help="The adapter's model on the Hub, where the run had it from a folder.")
    ] = None,
    dry_run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the folder that would be pushed, and push nothing.")
    ] = None,
) -> None:
    """Push a run's adapter or whole model to the Hub, with a model card that carries its calibration.

    The card has the table and the figure of behavioral calibration of every system of the run; recipe and environment
    go along. An existing repository gets a new commit.

    Example: `abstain push runs/mine --to me/qwen3-abstains --private`
    """
    from ..runs.push import check_target, hub_folder, push_folder
    from ..runs.run import quiet

    if dry_run is None and to is None:
        raise InputError("--to USER/NAME is needed; or write the folder alone with --dry-run DIR")
    quiet()
    if dry_run is not None:
        typer.echo(f"not pushed: {hub_folder(run, dry_run, merged=merged, base=base)}")
        return
    assert to is not None
    check_target(to)
    with tempfile.TemporaryDirectory(prefix="abstain-push-") as made:
        folder = hub_folder(run, Path(made) / "model", merged=merged, base=base)
        typer.echo(f"pushed: {push_folder(folder, to, private=private)}")


HARNESSES = ("inspect", "lm-eval")
_TRAINERS = {"verl": "verl", "openrlhf": "OpenRLHF", "verifiers": "verifiers", "nemo": "NeMo-RL"}


class _Targets(TyperGroup):
    """The commands of `abstain export`, with an error of one line for a name that is none of them."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            trainers, harnesses = ", ".join(_TRAINERS), " and ".join(HARNESSES)
            raise InputError(
                f"no trainer {args[0]!r}; abstain exports rewards for {trainers}, and sweeps for {harnesses}"
            )
        return super().resolve_command(ctx, args)


export_app = typer.Typer(
    help="Take a recipe's reward to another trainer, or a sweep to another evaluation harness.\n\n"
    "Example: `abstain export verl --recipe tiny --on-ungraded raise --out abstain_reward.py`",
    cls=_Targets,
    no_args_is_help=True,
)

OnUngraded = Annotated[str | None, typer.Option(help="What a row without a verdict gets: `raise`, or a number.")]
RewardFile = Annotated[Path, typer.Option(help="The new file; it must not exist.")]
RewardRecipe = Annotated[str, typer.Option(help="The recipe whose reward it is: a shipped name or a YAML file.")]


def _reward_command(trainer: str) -> Callable[..., None]:
    def export(
        overrides: Overrides = None,
        *,
        recipe: RewardRecipe,
        out: RewardFile,
        on_ungraded: OnUngraded = None,
        end_token: Annotated[
            list[str] | None, typer.Option(help="OpenRLHF: text of a token that ends a response; may be repeated.")
        ] = None,
    ) -> None:
        from ..export.export import Export, check_trainer, exported_file, read_on_ungraded

        check_trainer(trainer, end_token or [])
        asked = Export(
            trainer=trainer,
            recipe=recipe,
            file=str(out),
            on_ungraded=read_on_ungraded(on_ungraded, trainer),
            end_tokens=tuple(end_token or ()),
            overrides=tuple(overrides or ()),
        )
        text = exported_file(load_recipe(recipe, overrides or []), asked)
        _free(out)
        out.write_text(text, encoding="utf-8")
        typer.echo(f"{out}")

    more = " --end-token '<|im_end|>'" if trainer == "openrlhf" else ""
    export.__doc__ = f"""Write a recipe's reward as a file that {_TRAINERS[trainer]} is pointed at.

    Example: `abstain export {trainer} --recipe tiny --on-ungraded raise{more} --out abstain_reward.py`
    """
    return export


_OF_QUESTIONS = ("targets", "samples", "grader", "columns", "where", "max_items", "max_new_tokens", "seed")


def _harness_command(harness: str) -> Callable[..., None]:
    @takes_options_of(evaluate, only=_OF_QUESTIONS, panel="With --questions")
    def export(
        overrides: Overrides = None,
        *,
        out: Annotated[Path, typer.Option(help="The new folder; it must not exist.")],
        recipe: Annotated[str | None, typer.Option(help="The recipe whose evaluation it is.")] = None,
        questions: Annotated[
            str | None, typer.Option(help="The questions instead, as `abstain eval` takes them.")
        ] = None,
        **options: Any,
    ) -> None:
        given = {name: value for name, value in options.items() if value is not None}
        asked = _asked(recipe, questions, given, overrides or [])
        from ..export.export_harness import folder_files

        files = folder_files(harness, asked, out, _command(harness, out, recipe, questions, given, overrides or []))
        _free(out)
        out.mkdir()
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8")
        typer.echo(f"{out}")

    export.__doc__ = f"""Write a sweep as a folder for {_HARNESSES[harness]}: the same prompts, and the same verdicts.

    Example: `abstain export {harness} --questions my.jsonl --targets 0.25,0.5,0.75 --out abstain_sweep`
    """
    return export


_HARNESSES = {"inspect": "Inspect", "lm-eval": "lm-evaluation-harness"}


def _asked(recipe: str | None, questions: str | None, given: dict[str, Any], overrides: list[str]) -> Any:
    """Return the sweep that the options name."""
    from ..runs.sweeps import harness_sweep

    if (recipe is None) == (questions is None):
        raise InputError("give either --recipe (its evaluation) or --questions, and not both")
    if recipe is not None:
        if given:
            option = flags(next(iter(given)))[0]
            raise InputError(f"{option} goes with --questions; a recipe's evaluation is changed by key=value")
        return harness_sweep(load_recipe(recipe, overrides))
    if overrides:
        raise InputError(f"{overrides[0]!r}: key=value changes a recipe; with --questions use the options")
    from ..config.evaluation import evaluation_recipe

    recipe_ = evaluation_recipe(place="--", model="none", questions=questions, **read_options(given))
    return harness_sweep(recipe_, "--grader")


def _command(
    harness: str, out: Path, recipe: str | None, questions: str | None, given: dict[str, Any], overrides: list[str]
) -> str:
    """Return the command that writes the folder again."""
    source = ["--recipe", recipe] if recipe is not None else ["--questions", questions or ""]
    options = [
        part
        for name, value in given.items()
        for one in (cast("list[Any]", value) if isinstance(value, list) else [value])
        for part in (flags(name)[0], str(one))
    ]
    return shlex.join(["abstain", "export", harness, *source, *options, "--out", str(out), *overrides])


def _free(out: Path) -> None:
    if out.exists():
        raise InputError(f"{out}: exists already; nothing was overwritten")
    if not out.parent.is_dir():
        raise InputError(f"{out}: no folder {out.parent}")


for _name in _TRAINERS:
    export_app.command(_name)(_reward_command(_name))
for _name in HARNESSES:
    export_app.command(_name)(_harness_command(_name))
