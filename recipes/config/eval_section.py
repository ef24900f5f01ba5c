"""The `eval` section of a recipe: which systems are swept, what generates, and how completions are measured.

Every setting of an evaluation has its one default here, for `abstain run`, `abstain eval` and `abstain.evaluate` alike.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ...data import template, template_name
from ...eval.backends.backend import ConfidenceSource
from .section import Section

MODEL = "model"
"""The name of an evaluation's one system, unless `eval.system` gives another."""
SystemName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]


class EvalSection(Section):
    """The threshold sweep."""

    systems: list[str] | None = None
    """Which to sweep: "base" and "prompted", the model at the start asked plainly and with the rubric; a stage's name,
    the model after it; "trained", after the last. null: all of them. Without training stages there is one, `system`."""
    system: SystemName | None = None
    """Without training stages: the name of the model in the folder and in the report. null: "model"."""
    backend: Literal["transformers", "vllm", "openai"] | None = None
    """What generates the sweeps (docs/backends.md). null: openai with a `base_url`, else transformers."""
    base_url: str | None = None
    """Address of an OpenAI-compatible server, http://localhost:8000/v1."""
    served: dict[str, str] = {}
    """System → its name on the server. "base", "prompted" and an evaluation's system default to `model`."""
    backend_options: dict[str, Any] = {}
    """Further options of the backend (docs/backends.md)."""
    dtype: Literal["float32", "bfloat16", "float16", "auto"] | None = None
    """Of the weights. null: float32 on a CPU, the dtype that the model was saved in on a GPU."""
    device_map: str | None = None
    """accelerate's, for the backend transformers. null: "auto" where there is a GPU."""
    template: str | None = None
    """Ready prompt template to evaluate with, "exam@1" or "exam". null: the recipe's `prompt`."""
    confidence: ConfidenceSource | None = None
    """Where an item's confidence comes from; "stated" asks for it together with the answer. null: "stated" where the
    recipe trains the model to state one, else "sequence_probability"."""
    samples: Annotated[int, Field(ge=0)] = 4
    """Forced samples per question; of the route "afterwards", samples of its one prompt."""
    max_new_tokens: Annotated[int, Field(gt=0)] = 32
    """Tokens of a completion, at most."""
    batch_size: Annotated[int, Field(gt=0)] = 64
    """Sequences generated at once."""
    truncated: Literal["wrong", "ungraded"] = "wrong"
    """The verdict of a completion cut off by the token limit."""
    bootstrap: Annotated[int, Field(ge=0)] = 500
    """Resamples per interval."""

    @field_validator("systems")
    @classmethod
    def _some_system(cls, systems: list[str] | None) -> list[str] | None:
        if systems == []:
            raise ValueError("names no system; null sweeps all of them")
        return systems

    @field_validator("template")
    @classmethod
    def _versioned(cls, name: str | None) -> str | None:
        return None if name is None else template_name(template(name))

    @model_validator(mode="after")
    def _agreement(self) -> EvalSection:
        if self.confidence == "agreement" and not self.samples:
            raise ValueError("confidence agreement needs samples of at least 1")
        return self

    @property
    def generator(self) -> Literal["transformers", "vllm", "openai"]:
        """The backend that generates."""
        return self.backend or ("transformers" if self.base_url is None else "openai")
