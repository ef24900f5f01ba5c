"""Logs of Inspect, `.json` or `.eval`, as rows; an epoch is a sample.

C is right. I is wrong, unless the text abstains, which most scorers do not tell apart; N, no answer, is an abstention
where the text abstains, and else ungraded: the scorer found no answer in the form that it reads.
P (partial), an unscored sample and one that broke off have no verdict: ungraded, with the reason.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ...data import InputError
from ...rewards.extras import install_command
from .logged_row import LoggedRow, LogOptions, Scored, fitting

_ZSTANDARD = 93
"""The zip compression that Inspect writes; Python reads it from 3.14 on."""
_TAKEN = ("threshold", "split", "answerable", "confidence", "exact_confidence")
"""Keys that are read from the metadata of a sample, where it has them with values of their kind."""
_EXPORTED = ("id", "threshold", "question")
"""Metadata of the sweeps that `abstain export` writes: one question is several samples, with prompts of their own."""


def inspect_rows(path: Path, options: LogOptions) -> Iterator[LoggedRow]:
    """Yield a row for every sample and epoch of a log.

    Raises:
        InputError: not an Inspect log, several scorers and none named, or a score that is no verdict.
    """
    if options.filter is not None:
        raise InputError("--filter: Inspect logs have none; it is for lm-eval logs")
    for value in _zipped(path) if path.suffix == ".eval" else _plain(path):
        if not isinstance(value, dict):
            raise InputError(f"{path}: holds a sample that is no object, got {value!r:.80}")
        sample = cast("dict[str, Any]", value)
        place = f"{path}: sample {sample.get('id')!r}, epoch {sample.get('epoch')}"
        missing = {"id", "epoch", "target", "output"} - set(sample)
        if missing:
            raise InputError(f"{place}: no key {min(missing)!r}; not a sample of Inspect")
        try:
            yield _row(sample, place, options)
        except (AttributeError, TypeError, KeyError, IndexError) as error:  # any value may be of another kind
            raise InputError(f"{place}: not a sample of Inspect ({type(error).__name__}: {error})") from None


def _plain(path: Path) -> Iterator[Any]:
    try:
        log: Any = json.loads(path.read_bytes())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    samples: Any = cast("dict[str, Any]", log).get("samples") if isinstance(log, dict) else None
    if not isinstance(samples, list):
        raise InputError(f"{path}: no list 'samples'; not an Inspect log with its samples")
    yield from cast("list[dict[str, Any]]", samples)


def _zipped(path: Path) -> Iterator[Any]:
    try:
        with zipfile.ZipFile(path) as file:
            for name in sorted(name for name in file.namelist() if name.startswith("samples/")):
                yield json.loads(_unpacked(file, file.getinfo(name), path))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputError(f"{path}: not an Inspect log ({error})") from None


def _unpacked(file: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> bytes:
    if entry.compress_type != _ZSTANDARD or hasattr(zipfile, "ZIP_ZSTANDARD"):
        return file.read(entry)
    try:
        import zstandard
    except ImportError:
        raise InputError(
            f"{path}: compressed with Zstandard, which needs Python 3.14 or: {install_command('zstandard')} "
            "(or convert it: inspect log convert --to json)"
        ) from None
    with path.open("rb") as raw:
        raw.seek(entry.header_offset)
        header = raw.read(30)  # the last two fields are the lengths of name and extra field, which follow
        raw.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
        packed = raw.read(entry.compress_size)
    try:
        return zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True).read()
    except zstandard.ZstdError as error:
        raise zipfile.BadZipFile(str(error)) from None


def _row(sample: Mapping[str, Any], place: str, options: LogOptions) -> LoggedRow:
    metadata = cast("dict[str, Any]", sample.get("metadata") or {})
    row = fitting(metadata, _TAKEN)
    text, reason = _output(sample)
    answers: Any = sample["target"]
    exported = set(_EXPORTED) <= metadata.keys()
    row |= {
        "id": metadata["id"] if exported else sample["id"],
        "sample": sample["epoch"] - 1 + metadata.get("first_sample", 0),
        "question": metadata["question"] if exported else _text(sample.get("input")),
        "answers": answers if isinstance(answers, list) else [answers],
        "choices": sample.get("choices"),
        "completion": text,
        "finish_reason": reason,
    }
    error = cast("dict[str, Any]", sample.get("error") or {})
    if error:
        reason = f"error: {error.get('message', '')!s:.120}"
        return LoggedRow(place, {**row, "verdict": "ungraded", "reason": reason})
    if options.regrade:
        return LoggedRow(place, row)
    found, scored = _scored(sample, place, options)
    return LoggedRow(place, row | found, scored)


def _output(sample: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return (what the model said, why it stopped), None and None where it said nothing."""
    output = cast("dict[str, Any]", sample["output"] or {})
    choices = cast("list[dict[str, Any]]", output.get("choices") or [])
    if not choices:
        return None, None
    return _text([choices[0]["message"]]), choices[0].get("stop_reason")


def _text(messages: Any) -> str:
    """Return the text of the last of `messages`, or `messages` where they are a text."""
    if not isinstance(messages, list) or not messages:
        return messages if isinstance(messages, str) else ""
    content: Any = cast("list[dict[str, Any]]", messages)[-1].get("content")
    if isinstance(content, list):
        parts = cast("list[dict[str, Any]]", content)
        return "".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")
    return content if isinstance(content, str) else ""


def _scored(sample: Mapping[str, Any], place: str, options: LogOptions) -> tuple[dict[str, Any], Scored | None]:
    """Return what the sample's score says: a verdict or a confidence as keys of a row, and what the scorer found."""
    scores = cast("dict[str, dict[str, Any]]", sample.get("scores") or {})
    names = ", ".join(scores) or "none"
    name, key = options.scorer, ""
    if name is not None and name not in scores:
        name, _, key = name.rpartition(".")  # SCORER.KEY of a score that is several values
    if name is not None and name not in scores:
        raise InputError(f"{place}: no scorer {options.scorer!r}; the sample has {names}")
    if not scores:
        return {}, None
    if name is None and len(scores) > 1:
        raise InputError(f"{place}: scored by {names}; name one with --scorer, or grade again with --regrade")
    name = name or next(iter(scores))
    score = scores[name]
    stated = cast("dict[str, Any]", score.get("metadata") or {}).get("confidence")
    value = _keyed(score.get("value"), name, key, place)
    keys = {} if stated is None else {"confidence": stated}
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return {**keys, "verdict": "ungraded", "reason": "unscored"}, None
    if value == "P":
        return {**keys, "verdict": "ungraded", "reason": "scored P"}, None
    return keys, _found(value, place)


def _keyed(value: Any, name: str, key: str, place: str) -> Any:
    """Return the value of a score, that under `key` where it is several."""
    if not isinstance(value, dict):
        if key:
            raise InputError(f"{place}: the score of {name} is one value, {value!r:.80}, without a key {key!r}")
        return value
    values = cast("dict[str, Any]", value)
    if key not in values:
        keys = ", ".join(f"{name}.{one}" for one in values)
        raise InputError(f"{place}: the score of {name} is several values; name one with --scorer: {keys}")
    return values[key]


def _found(value: Any, place: str) -> Scored:
    values: Sequence[tuple[Any, Scored]] = (
        ("C", "right"),
        ("I", "wrong"),
        (1, "right"),
        (0, "wrong"),
        ("N", "no answer"),  # nothing that the scorer reads as an answer: an abstention, or another form
    )
    for one, found in values:
        if not isinstance(value, list | dict) and value == one:
            return found
    raise InputError(f"{place}: score {value!r} is no verdict; allowed are C, I, P, N, 1 and 0")
