"""`abstain merge`: an adapter's weights into its model's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import TerminalConsole


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
    from ...data import InputError
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
