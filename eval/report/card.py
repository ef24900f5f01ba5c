"""The model card of a trained or evaluated model: `model-index` front matter that a Hub page shows, and text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..metrics.catalogue import listed
from ..metrics.metric import Group, MetricInfo
from .headline import REFERENCE, headline
from .tables import cell, number, present, target_columns

MARK = "<!-- model card by abstain -->"
"""Stands in every card, so that the next one may take its place."""


@dataclass(frozen=True, kw_only=True)
class CardInput:
    """What a card is made from."""

    name: str
    base_model: str
    """Hub id, or a short description of a model that is not on the Hub."""
    base_is_on_hub: bool
    adapter: bool
    """Whether the model is a PEFT adapter on top of it."""
    dataset: str
    """In words."""
    dataset_id: str
    """A Hub id, or a short name."""
    dataset_is_on_hub: bool
    metrics: Mapping[str, Mapping[str, Any]]
    """System → split → metrics. The card is the last system's, the others stand beside it."""
    prompts: Mapping[str, str]
    """What → the words that follow a question."""
    commands: Sequence[str]
    """How to make it again."""
    settings: str
    """YAML of what was run."""
    environment: str
    figure: str | None = None
    """Path of the figure of effective thresholds, relative to the card."""

    @property
    def shown(self) -> Mapping[str, Any]:
        """Split → metrics of the card's own system."""
        return list(self.metrics.values())[-1]


def model_card(card: CardInput) -> str:
    """Return the card as Markdown with YAML front matter; it holds no value that is undefined."""
    split = next(iter(card.shown))
    columns = {name: found[split] for name, found in card.metrics.items() if split in found}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # Markdown: the filter `md` escapes what others wrote
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = markdown_text
    environment.filters["fenced"] = fenced
    text = environment.get_template("model_card.md.jinja").render(
        card=card,
        mark=MARK,
        sentence=headline(columns),
        split=split.replace("_", " "),
        systems=list(columns),
        values=columns[list(columns)[-1]],
        reference=REFERENCE[columns[list(columns)[-1]]["reference_confidence"]],
        main=_rows("card", columns),
        rows=_rows("report", columns),
        by_target=target_columns(columns[list(columns)[-1]]["by_threshold"]),
        number=number,
        version=version("abstain"),
    )
    return f"---\n{_front_matter(card)}\n---\n{text}"


def _front_matter(card: CardInput) -> str:
    from huggingface_hub import ModelCardData

    data = ModelCardData(
        model_name=card.name,
        base_model=card.base_model if card.base_is_on_hub else None,
        datasets=[card.dataset_id] if card.dataset_is_on_hub else None,
        library_name="peft" if card.adapter else "transformers",
        pipeline_tag="text-generation",
        tags=["abstain", "behavioral-calibration", "calibration", "hallucination"],
        eval_results=_results(card),
    )
    return data.to_yaml().strip()


def _results(card: CardInput) -> list[Any]:
    """Return the metrics of the headline's split for the Hub's index; intervals and other splits stand in the text."""
    from huggingface_hub import EvalResult

    split, values = next(iter(card.shown.items()))
    return [
        EvalResult(
            task_type="text-generation",
            task_name="Question answering at a stated confidence target",
            dataset_type=card.dataset_id,
            dataset_name=card.dataset,
            dataset_split=split,
            metric_type=info.key.replace(".", "_"),
            metric_name=info.label,
            metric_value=round(found["value"], 4),
        )
        for info in listed("card")
        if (found := info.pick(values)) and found["value"] is not None
    ]


def _rows(group: Group, columns: Mapping[str, Mapping[str, Any]]) -> list[tuple[MetricInfo, list[str]]]:
    """Return the metrics of a group that some system has, each with its cells."""
    return [(info, [str(cell(info.pick(found))) for found in columns.values()]) for info in present(group, columns)]


def markdown_text(text: str) -> str:
    r"""Return `text` so that Markdown shows it as it is, in a table cell too.

    >>> markdown_text("a|b <i>*c*")
    'a\\|b &lt;i&gt;\\*c\\*'
    """
    escaped = re.sub(r"([\\`*_\[\]|#])", r"\\\1", " ".join(text.split()))
    return escaped.replace("<", "&lt;").replace(">", "&gt;")


def fenced(text: str, language: str = "") -> str:
    """Return `text` as a code block, its fence longer than any run of backticks inside."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
