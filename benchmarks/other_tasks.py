"""How often a model abstains on prompts that are no questions of fact, before and after it was taught to abstain.

    python benchmarks/other_tasks.py --model MODEL --adapter runs/NAME/adapter [--system "Answer briefly."]

Asks the 120 prompts under benchmarks/other_tasks/ greedily, of the model and of the model with the adapter, and prints
by kind of prompt how many replies abstain, then how many are empty, and the share of all that abstain with its 95 %
Wilson interval.
A reply abstains where the detector of the rewards says so. Greedy: no seed.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from abstain.data import InputError
from abstain.eval.backends.backend import Backend, Prompt
from abstain.eval.backends.opening import open_backend
from abstain.rewards.abstention import AbstentionDetector

PROMPTS = Path(__file__).parent / "other_tasks" / "prompts.jsonl"


def prompts(system: str | None) -> list[tuple[str, Prompt]]:
    """Return kind and prompt of each, with the system message before it where there is one."""
    before = [] if system is None else [{"role": "system", "content": system}]
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in PROMPTS.read_text(encoding="utf-8").strip("\n").split("\n")
    ]
    return [(row["kind"], Prompt([*before, *row["messages"]])) for row in rows]


def counts(backend: Backend, asked: Sequence[tuple[str, Prompt]], show: int) -> Counter[tuple[str, str]]:
    """Return (kind, "asked" | "abstained" | "empty") → how many; print the first `show` replies that abstain."""
    detector, found = AbstentionDetector(), Counter[tuple[str, str]]()
    for i, (completion,) in backend.generate([prompt for _, prompt in asked], temperature=0.0):
        kind, text = asked[i][0], completion.text.strip()
        abstained = bool(text) and detector.read(text).abstained is not None
        found.update({(kind, "asked"): 1, (kind, "abstained"): abstained, (kind, "empty"): not text})
        if abstained and show:
            show -= 1
            print(f"  {asked[i][1].messages[-1]['content'][:80]!r} -> {text[:80]!r}", flush=True)
    return found


def wilson(events: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    >>> [round(end, 4) for end in wilson(0, 120)]
    [0.0, 0.031]
    """
    z = 1.959964
    middle, half = events / n + z * z / (2 * n), z * math.sqrt(events / n * (1 - events / n) / n + z * z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))


def line(name: str, found: Counter[tuple[str, str]]) -> str:
    """Return the row of a system: abstentions of each kind, empty replies, and the share with its interval."""
    kinds = sorted({kind for kind, _ in found})
    n, abstained, empty = (sum(found[kind, what] for kind in kinds) for what in ("asked", "abstained", "empty"))
    low, high = wilson(abstained, n)
    cells = [f"{found[kind, 'abstained']} of {found[kind, 'asked']}" for kind in kinds]
    return f"| {' | '.join([name, *cells, str(empty), f'{abstained / n:.3f} [{low:.3f}, {high:.3f}]'])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--system", help="A system message before every prompt.")
    parser.add_argument("--max-new-tokens", type=int, default=32)
    parser.add_argument("--show", type=int, default=0, help="Print so many replies that abstain.")
    given = parser.parse_args()
    asked = prompts(given.system)
    kinds = " | ".join(sorted({kind for kind, _ in asked}))
    print(f"| system | {kinds} | empty | abstentions |\n|---{'|---' * (kinds.count('|') + 3)}|")
    for name, adapter in {"model": None, **({"with adapter": given.adapter} if given.adapter else {})}.items():
        try:
            backend = open_backend(given.model, adapter=adapter, max_new_tokens=given.max_new_tokens)
        except InputError as error:
            parser.error(str(error))
        print(line(name, counts(backend, asked, given.show)), flush=True)


if __name__ == "__main__":
    main()
