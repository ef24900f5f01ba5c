"""Who stands in the ledger: which runs each entrant is read off, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from systems import Rows, afterwards, by_probability, by_samples, nearest_model, recalibrated, system

from abstain.eval.sweep.responses import Response

Runs = Mapping[str, Path]
"""Name of a job → the folder of its run."""

HESITATION = {0.17: "hesitation-low", 0.5: "truthrl", 0.83: "hesitation-high"}
"""Break-even → the run with that penalty; at 1/2 it is TruthRL's reward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A way to get a model to abstain."""

    name: str
    title: str
    source: str
    """Where it was published, or ""."""
    jobs: tuple[str, ...]
    """The runs it takes; their completions and seconds are its cost."""
    rows: Callable[[Runs], Rows]
    """Returns its responses."""
    published: bool = False
    """A trained entrant that others have published: what ours is held against."""


def _trained(
    name: str, title: str, source: str = "", *, published: bool = True, start: tuple[str, ...] = ("neutral-start",)
) -> Entrant:
    return Entrant(
        name=name,
        title=title,
        source=source,
        jobs=(*start, name),
        rows=lambda runs: system(runs[name], "trained"),
        published=published,
    )


def _untrained(name: str, title: str, rows: Callable[[Runs], Rows], source: str = "") -> Entrant:
    return Entrant(name=name, title=title, source=source, jobs=(), rows=rows)


def _by(confidence: Callable[[Response, Sequence[Response]], float | None]) -> Callable[[Runs], Rows]:
    return lambda runs: afterwards(system(runs["base"], "base"), confidence)


ENTRANTS = (
    _untrained("none", "no training", lambda runs: system(runs["base"], "base")),
    _untrained("prompted", "prompted only", lambda runs: system(runs["base"], "prompted")),
    _untrained("probability", "threshold on answer probability", _by(by_probability)),
    _untrained(
        "isotonic",
        "threshold on recalibrated probability",
        lambda runs: recalibrated(_by(by_probability)(runs)),
        "arXiv:2601.13284",
    ),
    _untrained("self-consistency", "threshold on agreement of 16 samples", _by(by_samples)),
    _trained("binary", "binary reward, GRPO"),
    _trained("truthrl", "TruthRL, 1 / 0 / −1", "arXiv:2509.25760"),
    Entrant(
        name="hesitation",
        title="Reinforced Hesitation, three models",
        source="arXiv:2511.11500",
        jobs=("neutral-start", *HESITATION.values()),
        rows=lambda runs: nearest_model({t: system(runs[name], "trained") for t, name in HESITATION.items()}),
        published=True,
    ),
    _trained("knowrl", "KnowRL, 2 / 1 / −1", "arXiv:2506.19807"),
    _trained("barrel", "BARREL, 1 / −½ / −1", "arXiv:2505.13529"),
    _trained("explicit-group", "explicit target, group scaling", "arXiv:2512.19920"),
    _trained("rlcr", "RLCR, stated confidence", "arXiv:2507.16806", start=()),
    _trained("log-score", "log score, stated confidence", "arXiv:2503.02623", start=()),
    _trained("r-tuning", "R-Tuning-like fine-tuning", "arXiv:2311.09677", start=()),
    _trained("dpo", "DPO on payoff pairs", "arXiv:2305.18290"),
    _trained("plain", "plain GRPO, bounded payoff", published=False, start=("start",)),
    _trained("ours-stated", "ours, confidence stated", published=False, start=()),
    Entrant(
        name="gate",
        title="ours, before GRPO",
        source="",
        jobs=("gate",),
        rows=lambda runs: system(runs["gate"], "trained"),
    ),
    _trained("ours", "ours, target in the prompt", published=False, start=("gate",)),
)

ABLATIONS = {
    "plain": "the default: advantages as they are, bounded payoff, warm-up at rate t, 2 completions a question, dapo",
    "batch-bounded": "divided by the batch's standard deviation",
    "group-bounded": "divided by the group's standard deviation",
    "none-explicit": "explicit payoff",
    "batch-explicit": "explicit payoff, divided by the batch's",
    "rubric-explicit-group": "explicit payoff, divided by the group's",
    "no-warmup": "no warm-up",
    "neutral-plain": "warm-up that abstains in 30 of 100, whatever the target",
    "explicit-group": "the same, with the explicit payoff divided by the group's: the entrant",
    "rubric-truthrl": "TruthRL's reward at a target of 1/2",
    "rubric-dpo": "DPO on pairs in the place of GRPO",
    "groups-of-8": "8 completions a question",
    "entropy": "entropy bonus 0.02",
    "loss-grpo": "loss_type grpo",
    "loss-dr-grpo": "loss_type dr_grpo",
}
"""Job → what differs from the first."""

BUDGETS = ("gate-640", "gate-1280", "gate-2560", "gate", "start", "plain-20", "plain", "plain-80", "plain-160")
"""Jobs that differ in how many completions they may use."""
