"""One row of what a model did; append-only JSONL, the source of every metric."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...data import InputError, RunError
from ...rewards import Verdict

if TYPE_CHECKING:
    import pandas as pd

Slot = tuple[str, float | None, int]
"""(Question id, target, sample): the place of a row in its sweep."""


class RowKey(NamedTuple):
    """What makes a response one and no other: rows that agree in all of it are the same row."""

    model_hash: str
    adapter_hash: str
    id: str
    threshold: float | None
    sample: int
    prompt_hash: str
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a model said to one question at one target, and what it amounts to."""

    id: str
    """The question's id."""
    threshold: float | None
    """Target in [0, 1); 0 is the forced answer; None: no target was stated, the confidence decides post hoc."""
    sample: int
    """0 for the greedy completion, 1 … k for sampled ones."""
    verdict: Verdict
    split: str = "all"
    """The group of questions it is reported with."""
    question: str = ""
    answers: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """Of a multiple choice, in the order they were shown; else empty."""
    answerable: bool = True
    """False: the question has no answer; declining is right, and whatever is answered is WRONG."""
    completion: str = ""
    answer: str | None = None
    """The extracted answer."""
    reason: str | None = None
    judge: str | None = None
    """The judge model that was asked for the verdict; None: rules reached it."""
    probability: float | None = None
    """Of the whole completion, at temperature 1; None where the backend tells no log-probabilities."""
    confidence: float | None = None
    """On a forced greedy answer, or on the one without a target: the item's confidence; else None."""
    confidence_source: str = ""
    """Where the item's confidence comes from, a `ConfidenceSource`; "" on other rows."""
    confidence_reason: str | None = None
    """Why the item has none: "no confidence", "confidence out of range: 80", "no answer", ..."""
    exact_confidence: float | None = None
    """Bayes confidence of the best answer, in a synthetic world; else None."""
    truncated: bool = False
    model: str = ""
    """Model, and adapter if any, by name."""
    model_hash: str = ""
    """See `eval/backends/identity.py`; "" in logs of other systems, like the three below."""
    adapter_hash: str = ""
    settings: str = ""
    """Generation settings, "backend=transformers dtype=float32 max_new_tokens=32 temperature=0"."""
    template: str = ""
    """Name and version of the prompt template."""
    prompt_hash: str = ""
    """SHA-256 of the rendered prompt, first 16 hex digits."""

    @property
    def slot(self) -> Slot:
        """Its place in the sweep."""
        return (self.id, self.threshold, self.sample)

    @property
    def key(self) -> RowKey:
        """What no two rows of a file have in common."""
        return RowKey(
            self.model_hash,
            self.adapter_hash,
            self.id,
            self.threshold,
            self.sample,
            self.prompt_hash,
            self.settings,
        )

    def to_json(self) -> str:
        """Return the row as one line of JSON."""
        row = {name: getattr(self, name) for name in _FIELDS}
        row["verdict"] = self.verdict.value
        try:
            (line := json.dumps(row, ensure_ascii=False)).encode()
        except UnicodeEncodeError:  # half a surrogate pair, which an endpoint may send and UTF-8 cannot hold
            return json.dumps(row)
        return line


_FIELDS = tuple(field.name for field in fields(Response))
_REPEATED = ("question", "split", "model", "model_hash", "adapter_hash", "settings", "template", "id", "completion")
"""Text that many rows of a file share: read into memory once."""


def prompt_hash(rendered: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of a rendered prompt."""
    return hashlib.sha256(rendered.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def append_responses(path: Path, responses: Iterable[Response], *, sync: bool = True) -> None:
    """Append rows to `path`: a killed process cannot lose them then, nor with `sync` (fsync) a failing power.

    Args:
        path: The JSON Lines file, made where it is missing.
        responses: What is written, in order.
        sync: Wait until the disk has it.

    Raises:
        RunError: the disk is full, or the file cannot be written; whole rows that made it are kept.
    """
    text = "".join(response.to_json() + "\n" for response in responses).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            while text:
                text = text[file.write(text) :]
            if sync:
                os.fsync(file.fileno())
    except OSError as error:
        truncate_cut_line(path)
        raise RunError(
            f"{path}: could not be written ({error.strerror}); the rows before are kept, "
            "mend it and go on in the same folder"
        ) from error


def responses_frame(rows: Iterable[Response]) -> pd.DataFrame:
    """Return the responses as a pandas DataFrame: one row per response, one column per field of `Response`.

    `verdict` is a word, as in the file ("correct", "wrong", "abstained", "ungraded"); a missing number is NaN.

    Raises:
        InputError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise InputError("a DataFrame of responses needs pandas: pip install pandas") from error
    every = list(rows)
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in every] for name in _FIELDS}
    columns["verdict"] = [row.verdict.value for row in every]
    return pd.DataFrame(columns)


def read_responses(path: str | Path) -> list[Response]:
    """Return the rows of `path`; a last line cut off by a kill is dropped, any other bad line an error.

    Raises:
        InputError: a line is malformed; the message names file and line.
    """
    return list(iter_responses(path))


def iter_responses(
    path: str | Path, start: int = 0, on_offset: Callable[[int], None] | None = None
) -> Iterator[Response]:
    """Yield the rows of `path` from byte `start`, which begins a line; `on_offset` takes where the next one begins.

    With `on_offset`, for a file that is still written to, a last line without its newline is not yet there.

    Args:
        path: The JSON Lines file.
        start: The first byte that is read.
        on_offset: Called with the byte at which the next row begins, before each row; None: the file is complete.

    Raises:
        InputError: a line is malformed; the message names file and line (counted from `start`).
    """
    shared: dict[Any, Any] = {}
    end = start
    with Path(path).open("rb") as file:
        file.seek(start)
        for number, line in enumerate(file, 1):
            whole = line.endswith(b"\n")
            if not whole and on_offset is not None:
                return
            end += len(line)
            try:
                response = _response(json.loads(line), shared)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                if not whole:
                    return
                raise InputError(f"{path}:{number}: not a response row ({error})") from None
            if on_offset is not None:
                on_offset(end)
            yield response


def _response(row: dict[str, Any], shared: dict[Any, Any]) -> Response:
    row["verdict"] = Verdict(row["verdict"])
    for name in ("answers", "choices"):
        texts = tuple(row.get(name, ()))
        row[name] = shared.setdefault(texts, texts)
    for name in _REPEATED:
        if name in row:
            row[name] = shared.setdefault(row[name], row[name])
    return Response(**row)


def truncate_cut_line(path: Path) -> None:
    """Cut off a last line that a kill left unfinished, so that appending goes on with whole rows.

    The last newline is searched for from the end.
    """
    if not path.is_file():
        return
    with path.open("rb+") as file:
        size = end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            at = file.read(end - start).rfind(b"\n")
            if at >= 0:
                end = start + at + 1
                break
            end = start
        if end < size:
            file.truncate(end)
