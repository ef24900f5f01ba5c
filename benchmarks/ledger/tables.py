"""The tables and figures of docs/ledger.md, out of `ledger.json`; nothing is entered by hand.

The page holds each table between two comments, `<!-- ledger: NAME -->` and `<!-- end -->`; what is there is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from entrants import ABLATIONS, ENTRANTS
from measure import METRICS, OURS, TARGETS
from theory import threshold

from abstain.eval.report import plotting

Ledger = dict[str, Any]
CELLS = ("adherence", "clear", "slope", "regret", "odds", "snr", "aurc", "abstention", "answer", "forced")
TITLES = {key: title for key, (title, _) in METRICS.items()} | {"odds": "regret at the known odds"}
DRAWN = ("probability", "ours", "plain", "explicit-group", "truthrl", "rlcr")
"""Entrants that figures show."""


def fill(text: str, ledger: Ledger) -> str:
    """Return the page `text` with every table made anew.

    Raises:
        ValueError: the page asks for a table that there is not.
    """

    def table(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in TABLES:
            raise ValueError(f"docs/ledger.md asks for {name!r}; there are {', '.join(TABLES)}")
        return f"<!-- ledger: {name} -->\n\n{TABLES[name](ledger)}\n\n<!-- end -->"

    return re.sub(r"<!-- ledger: (\S+) -->.*?<!-- end -->", table, text, flags=re.DOTALL)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def spread(values: Sequence[float | None]) -> str:
    """Return the mean over seeds with the lowest and the highest, "undefined" where no seed has one."""
    known = [value for value in values if value is not None]
    if not known:
        return "undefined"
    mean = sum(known) / len(known)
    return f"{mean:.3f}" if len(known) == 1 else f"{mean:.3f} ({min(known):.3f} to {max(known):.3f})"


def _entrants(arena: str, split: str) -> Callable[[Ledger], str]:
    def table(ledger: Ledger) -> str:
        rows: list[list[str]] = []
        for entrant in ENTRANTS:
            found = ledger[arena]["entrants"].get(entrant.name)
            source = f" ({entrant.source})" if entrant.source else ""
            if found is None:
                rows.append([entrant.title + source, *["not run"] * (len(CELLS) + 2)])
                continue
            cells = [spread(found["splits"][split][key]["by_seed"]) for key in CELLS]
            rows.append([entrant.title + source, *cells, f"{found['completions']:,}", f"{found['seconds']:.0f}"])
        return markdown(["", *(TITLES[key] for key in CELLS), "completions", "seconds"], rows)

    return table


def _stated(ledger: Ledger) -> str:
    rows: list[list[str]] = []
    for entrant in ENTRANTS:
        found = ledger["world"]["entrants"].get(entrant.name)
        if found is not None and entrant.name in ("probability", "isotonic", "self-consistency", *STATED):
            families = found["splits"]["held_out_families"]
            rows.append([entrant.title, *(spread(families[key]["by_seed"]) for key in ("confidence", "ece", "aurc"))])
    return markdown(["", "error of the confidence", "ECE", "AURC"], rows)


STATED = ("rlcr", "log-score", "ours-stated")


def _against(arena: str, split: str) -> Callable[[Ledger], str]:
    def table(ledger: Ledger) -> str:
        rows: list[list[str]] = []
        for entrant in ENTRANTS:
            found = ledger[arena]["against_ours"].get(entrant.name)
            if found is None:
                continue
            one = found[split]
            adherence, regret = _interval(_adherence(one)), _interval(one.get("normalized_regret"))
            ahead = f"{one['seeds_ahead']} of {one['seeds']}"
            rows.append([entrant.title, adherence, regret, ahead, verdict(one)])
        ahead = "seeds with less regret at the known odds"
        return markdown(["ours minus", "adherence", "normalised regret", ahead, "verdict"], rows)

    return table


def verdict(one: Mapping[str, Any]) -> str:
    """Return what a comparison shows: adherence must differ by more than chance over items, and regret in every seed.

    The regret of what happened does not decide: it is measured against forced answers, which some entrants lose.
    """
    outcome, ahead, seeds = _adherence(one)["outcome"], one["seeds_ahead"], one["seeds"]
    if outcome == "A better" and ahead == seeds:
        return "ours ahead"
    if outcome == "B better" and ahead == 0:
        return "ours behind"
    return "no difference shown" if outcome == "no difference shown" else "measures or seeds disagree"


def _adherence(one: Mapping[str, Any]) -> Mapping[str, Any]:
    return one.get("adherence_exact.all") or one["adherence_reference.all"]


def _interval(found: Mapping[str, Any] | None) -> str:
    """Return a difference with its interval; a metric that one of the two has not, has none."""
    if found is None or found["difference"] is None:
        return "undefined"
    bounds = "" if found["low"] is None else f" [{found['low']:+.3f}, {found['high']:+.3f}]"
    return f"{found['difference']:+.3f}{bounds}"


def _ablations(ledger: Ledger) -> str:
    keys = ("adherence", "clear", "slope", "regret", "odds", "forced")
    rows: list[list[str]] = []
    for name, what in ABLATIONS.items():
        found = ledger["ablations"].get(name)
        cells = [spread(found[key]["by_seed"]) for key in keys] if found else ["not run"] * len(keys)
        rows.append([what, *cells, str(len(found["seeds"])) if found else "0"])
    return markdown(["", *(TITLES[key] for key in keys), "seeds"], rows)


def _cross(ledger: Ledger) -> str:
    names = {"bounded": ("plain", "batch-bounded", "group-bounded"), "explicit": ("none-explicit", "batch-explicit",
             "rubric-explicit-group")}  # fmt: skip
    rows: list[list[str]] = []
    for payoff, jobs in names.items():
        cells: list[str] = []
        for name in jobs:
            found = ledger["ablations"].get(name)
            cells.append(f"{spread(found['adherence']['by_seed'])}; slope {spread(found['slope']['by_seed'])}"
                         if found else "not run")  # fmt: skip
        rows.append([payoff, *cells])
    return markdown(["adherence; slope", "none", "batch", "group"], rows)


def _budgets(ledger: Ledger) -> str:
    rows: list[list[str]] = []
    for name, found in sorted(ledger["budgets"].items(), key=lambda item: item[1]["completions"]):
        kind = "ours, before GRPO" if name.startswith("gate") else "plain GRPO" if name != "start" else "common start"
        cells = [spread(found[key]["by_seed"]) for key in ("adherence", "clear", "regret", "odds")]
        rows.append([f"{found['completions']:,}", kind, *cells, f"{found['seconds']:.0f}", str(len(found["seeds"]))])
    header = [
        "completions",
        "scheme",
        "adherence",
        "adherence, clear pairs",
        "normalised regret",
        TITLES["odds"],
        "seconds",
        "seeds",
    ]
    return markdown(header, rows)


def _theory(ledger: Ledger) -> str:
    rows: list[list[str]] = []
    plain, group = (ledger["ablations"].get(name) for name in ("plain", "group-bounded"))
    for place, t in enumerate(TARGETS):
        said = [threshold(t, a=0.5, size=2, divided=divided, shared=True) for divided in (False, True)]
        apart = threshold(t, a=0.5, size=8, divided=True, shared=False)
        seen = [f"{one['by_target'][place]['threshold']:.2f}" if one else "not run" for one in (plain, group)]
        rows.append([f"{t:g}", f"{said[0]:.2f}", seen[0], f"{said[1]:.2f}", seen[1], f"{apart:.2f}"])
    header = ["target", "as they are: predicted", "measured", "group: predicted", "measured",
              "group of 8 answers that differ: predicted"]  # fmt: skip
    return markdown(header, rows)


TABLES: dict[str, Callable[[Ledger], str]] = {
    "families": _entrants("world", "held_out_families"),
    "people": _entrants("world", "held_out_people"),
    "asked-relations": _entrants("facts", "asked_relations"),
    "other-relations": _entrants("facts", "other_relations"),
    "popqa-rare": _entrants("facts", "popqa_rare"),
    "popqa-popular": _entrants("facts", "popqa_popular"),
    "larger-asked-relations": _entrants("larger", "asked_relations"),
    "larger-other-relations": _entrants("larger", "other_relations"),
    "against-families": _against("world", "held_out_families"),
    "against-people": _against("world", "held_out_people"),
    "against-asked-relations": _against("facts", "asked_relations"),
    "against-other-relations": _against("facts", "other_relations"),
    "against-larger-other-relations": _against("larger", "other_relations"),
    "stated": _stated,
    "ablations": _ablations,
    "cross": _cross,
    "budgets": _budgets,
    "theory": _theory,
}
"""Name in the page → what makes the table."""


def draw(ledger: Ledger, folder: Path) -> None:
    """Write the page's figures, SVG, into `folder`."""
    with plotting.style():
        for name, key, label in (
            ("ledger_thresholds", "threshold", "effective threshold"),
            ("ledger_lost", "lost", "pay lost to the oracle"),
        ):
            figure, axes = plotting.canvas(5.6, 3.9)
            if key == "threshold":
                axes.plot([0, 1], [0, 1], "--", color=plotting.SOFT, linewidth=1)
            for place, shown in enumerate(n for n in DRAWN if n in ledger["world"]["entrants"]):
                curve = ledger["world"]["entrants"][shown]["splits"]["held_out_families"]["by_target"]
                title = next(entrant.title for entrant in ENTRANTS if entrant.name == shown)
                colour = plotting.ACCENT if shown == OURS else plotting.PALETTE[place]
                axes.plot([row["t"] for row in curve], [row[key] for row in curve], label=title, color=colour,
                          marker=plotting.MARKERS[place])  # fmt: skip
            axes.set(xlabel="target", ylabel=label)
            figure.legend(loc="outside upper center", ncols=2)
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
