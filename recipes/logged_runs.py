"""Where logged rows lie, and how their run graded them: for `abstain score` and `abstain compare`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from ..data import InputError, PromptStyle
from ..eval.report import SYSTEMS
from ..rewards import DEFAULT_PHRASE, ConfidenceParser
from .evaluation import FILE, read_evaluation
from .grader_text import grader_section
from .graders import AnyGrader, GraderSection, with_memory
from .load import load_recipe
from .reward import confidence_parser, states_confidence

RESPONSES = "responses.jsonl"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a run asked and graded."""

    folder: Path
    prompt: PromptStyle
    grader: GraderSection
    truncated: Literal["wrong", "ungraded"]
    seed: int
    confidence: ConfidenceParser | None = None
    """Reads the confidences that completions state, where they were asked to."""


def response_files(path: Path) -> dict[str, Path]:
    """Return name → file of rows: of a file itself, of a folder that holds one, or of the systems of a run.

    Raises:
        InputError: nothing is there.
    """
    if path.is_file():
        return {path.name: path}
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if (path / RESPONSES).is_file():
        return {path.resolve().name: path / RESPONSES}
    found = {file.parent.name: file for file in path.glob(f"eval/*/{RESPONSES}")}
    if not found:
        raise InputError(f"{path}: holds no responses (neither {RESPONSES} nor eval/*/{RESPONSES})")
    order = {name: i for i, name in enumerate(SYSTEMS)}
    return {name: found[name] for name in sorted(found, key=lambda name: (order.get(name, len(order)), name))}


def asked_of(path: Path) -> Asked | None:
    """Return how the run that `path` is, or lies in, asked and graded; None where it belongs to none."""
    for folder in (path, *path.absolute().parents[:3]):
        if (folder / "recipe.yaml").is_file():
            recipe = load_recipe(str(folder / "recipe.yaml"))
            states = states_confidence(recipe) or (recipe.rl and recipe.rl.payoff.build().reads_confidence)
            return Asked(
                folder=folder,
                prompt=recipe.prompt,
                grader=recipe.grader,
                truncated=recipe.eval.truncated,
                seed=recipe.seed,
                confidence=confidence_parser(recipe) if states else None,
            )
        if (folder / FILE).is_file():
            asked = read_evaluation(folder)
            return Asked(
                folder=folder,
                prompt=asked.prompt,
                grader=asked.grader,
                truncated=asked.truncated,
                seed=asked.seed,
                confidence=ConfidenceParser() if asked.confidence == "stated" else None,
            )
    return None


def read_grader(text: str | None, asked: Asked | None, folder: Path) -> GraderSection:
    """Return the grader that `text` names or writes out; the run's own, or `alias`, without a text.

    A judge's verdicts are kept in `folder`, unless it names a file of its own.

    Raises:
        InputError: no such grader, or a value that it does not allow.
    """
    return with_memory(asked.grader if text is None and asked is not None else _section(text or "alias"), folder)


def phrase_of(asked: Asked | None) -> str:
    """Return the abstention that the prompts agreed on."""
    return DEFAULT_PHRASE if asked is None else asked.prompt.phrase


def _section(text: str) -> GraderSection:
    try:
        return TypeAdapter[GraderSection](AnyGrader).validate_python(grader_section(text))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(
            f"--grader {text!r}: {key + ': ' if key else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from None
