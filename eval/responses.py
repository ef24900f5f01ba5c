"""One row of what a model did; append-only JSONL, the source of every metric."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..data import InputError
from ..rewards import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a model said to one question at one target, and what it amounts to."""

    id: str
    """The question's id."""
    threshold: float | None
    """Target in [0, 1); 0 is the forced answer; None: no target was stated, the confidence decides afterwards."""
    sample: int
    """0 for the greedy completion, 1 … k for sampled ones."""
    verdict: Verdict
    split: str = "all"
    """The group of questions it is reported with."""
    question: str = ""
    answers: tuple[str, ...] = ()
    completion: str = ""
    answer: str | None = None
    """The extracted answer."""
    reason: str | None = None
    probability: float | None = None
    """Of the whole completion, at temperature 1; None where the backend tells no log-probabilities."""
    confidence: float | None = None
    """On a forced greedy answer its sequence probability, on one without a target the stated (or other) confidence:
    the item's confidence; else None."""
    exact_confidence: float | None = None
    """Bayes confidence of the best answer, in a made world; else None."""
    truncated: bool = False
    model: str = ""
    """Model, and adapter if any, by name."""
    prompt_hash: str = ""
    """SHA-256 of the rendered prompt, first 16 hex digits."""

    def to_json(self) -> str:
        """Return the row as one line of JSON."""
        return json.dumps({**asdict(self), "verdict": self.verdict.value}, ensure_ascii=False)


def prompt_hash(rendered: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of a rendered prompt."""
    return hashlib.sha256(rendered.encode()).hexdigest()[:16]


def append_responses(path: Path, responses: Iterable[Response]) -> None:
    """Append rows to `path`, flushed to the disk before returning."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(response.to_json() + "\n" for response in responses)
        file.flush()
        os.fsync(file.fileno())


def read_responses(path: Path) -> list[Response]:
    """Return the rows of `path`; a last line cut off by a kill is dropped, any other bad line an error.

    Raises:
        InputError: a line is malformed; the message names file and line.
    """
    return [response for response, _ in _rows(path)]


def truncate_cut_line(path: Path) -> None:
    """Cut off a last line that a kill left unfinished, so that appending goes on with whole rows."""
    if path.is_file():
        ends = [end for _, end in _rows(path)]
        os.truncate(path, ends[-1] if ends else 0)


def _rows(path: Path) -> Iterator[tuple[Response, int]]:
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            end += len(line)
            if not line.endswith(b"\n"):
                return
            try:
                row: dict[str, Any] = json.loads(line)
                row["verdict"] = Verdict(row["verdict"])
                row["answers"] = tuple(row["answers"])
                yield Response(**row), end
            except (ValueError, TypeError, KeyError) as error:
                raise InputError(f"{path}:{number}: not a response row ({error})") from None
