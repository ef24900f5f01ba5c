"""What an evaluation was asked, typed and validated: the contents of its `eval.yaml`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from ..data import QUESTION_SETS, InputError, PromptStyle, find_set, template, template_name
from ..eval.backend import ConfidenceSource
from .graders import AnyGrader
from .load import RecipeDumper, RecipeLoader
from .schema import check_evaluation_targets
from .section import Section

FILE = "eval.yaml"
"""The file in an evaluation's folder that says what was asked."""


class Evaluation(Section):
    """One model, asked one set of questions."""

    model: str
    """Model folder or Hub id, or a server's name of it."""
    adapter: str | None = None
    """PEFT adapter folder on top of it."""
    base_url: str | None = None
    """Address of an OpenAI-compatible server that serves the model."""
    backend: Literal["transformers", "vllm", "openai"] | None = None
    """What generates; null: openai with a `base_url`, else transformers."""
    backend_options: dict[str, Any] = {}
    """Further options of the backend (docs/backends.md)."""
    dtype: Literal["float32", "bfloat16", "float16", "auto"] | None = None
    """null: float32 on a CPU, what the model was saved in on a GPU."""
    device_map: str | None = None
    """accelerate's; null: "auto" where there is a GPU."""
    system: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    """What the model is called in the folder and in the report."""
    questions: str
    """A ready set ("popqa", "popqa:FILE", "gsm8k:train"), a .jsonl, .json, .csv or .parquet file, or a Hub set."""
    columns: dict[str, str] = {}
    """Field (id, question, answers, choices, answerable) → column of the file."""
    where: dict[str, list[Any]] = {}
    """Column → allowed values; other rows are left out."""
    max_items: Annotated[int, Field(gt=0)] | None = None
    """Ask at most so many questions, drawn with the seed."""
    targets: list[float] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    route: Literal["target", "afterwards"] = "target"
    """"target": the prompt states each target, and abstaining is an action. "afterwards": each question is asked once,
    no target in sight, and the confidence of the answer is held against every target."""
    confidence: ConfidenceSource = "sequence_probability"
    """Where an item's confidence comes from; "stated" asks for it together with the answer."""
    samples: Annotated[int, Field(ge=0)] = 4
    """Forced samples per question; of the route "afterwards", samples of its one prompt."""
    template: str | None = None
    """The ready wording that `prompt` is, "exam@1"; null: one of one's own."""
    prompt: PromptStyle = PromptStyle()
    chat_template_kwargs: dict[str, Any] = {}
    """Variables of the model's chat template, `{enable_thinking: false}`, as in a recipe."""
    grader: AnyGrader
    truncated: Literal["wrong", "ungraded"] = "wrong"
    """The verdict of a completion cut off by the token limit."""
    max_new_tokens: Annotated[int, Field(gt=0)] = 32
    batch_size: Annotated[int, Field(gt=0)] = 64
    """Sequences generated at once."""
    bootstrap: Annotated[int, Field(ge=0)] = 500
    """Resamples per interval."""
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("targets")
    @classmethod
    def _targets(cls, values: list[float]) -> list[float]:
        return check_evaluation_targets(values)

    @model_validator(mode="after")
    def _confidence(self) -> Evaluation:
        if self.confidence == "agreement" and not self.samples:
            raise ValueError("--confidence agreement needs --samples of at least 1")
        return self

    @property
    def served(self) -> bool:
        """Whether a server generates."""
        return self.backend == "openai" or (self.backend is None and self.base_url is not None)

    @property
    def asked(self) -> str:
        """The questions in few words, for a folder's name and a report's title."""
        name = self.questions.partition(":")[0]
        return name if name in QUESTION_SETS else Path(name).stem


def evaluation(**values: Any) -> Evaluation:
    """Return the validated evaluation; values that are None are left to the question set, else to their defaults.

    Raises:
        InputError: a value is not allowed; the message names the option.
    """
    given = {key: value for key, value in values.items() if value is not None}
    found = find_set(given["questions"])
    chosen = {"grader": dict(found[0].grader), "max_new_tokens": found[0].max_new_tokens} if found else {}
    if "template" in given:
        style = template(given["template"])
        given |= {"template": template_name(style), "prompt": asdict(style)}
    return _validated({"grader": {"kind": "alias"}, **chosen, **given}, "--")


def read_evaluation(folder: Path) -> Evaluation:
    """Return what was asked in `folder`.

    Raises:
        InputError: its `eval.yaml` is missing or malformed.
    """
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{folder}: not an evaluation's folder (it has no {FILE})")
    loaded: Any = yaml.load(path.read_text(encoding="utf-8"), RecipeLoader)
    return _validated(loaded, f"{path}: ")


def dump_evaluation(asked: Evaluation) -> str:
    """Return what was asked as YAML that `read_evaluation` reads back."""
    return yaml.dump(asked.model_dump(mode="json"), Dumper=RecipeDumper, sort_keys=False, allow_unicode=True)


def _validated(values: Any, place: str) -> Evaluation:
    try:
        return Evaluation.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        name = key.replace("_", "-") if place == "--" else key
        message = first["msg"].removeprefix("Value error, ")
        given = "" if first["type"] in ("value_error", "missing") else f", got {first['input']!r}"
        raise InputError(f"{place}{name}: {message}{given}") from None
