"""One logged output of any system as a plain row, and what its log cannot say of itself.

Sample logs of lm-evaluation-harness (`--log_samples`, files samples_TASK_DATE.jsonl) as rows.

A generated sample gives its raw responses (one row for each repeat) and its target as the accepted
answer, to be graded here: the harness's metrics do not tell "I don't know" from an error. A multiple
choice gives the likeliest choice, whether it is right by the harness's own metric, and its share of the
choices' probabilities as the confidence.

Logs of Inspect, `.json` or `.eval`, as rows.

C is right. I is wrong, unless the text abstains, which most scorers do not tell apart; N, no answer, is an abstention
where the text abstains, and else ungraded: the scorer found no answer in the form that it reads.
P (partial), an unscored sample and one that broke off have no verdict: ungraded, with the reason.
An epoch is a sample.

Logged outputs of any system, opened as plain rows: JSON Lines, lm-evaluation-harness samples, Inspect logs.

Every format yields `LoggedRow`s with the keys of `docs/scoring.md`; `logged.py` checks them and makes `Response`s.
"""

from __future__ import annotations

import ast
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ...data import InputError
from ...data.form import after_hashes, texts_of
from ...rewards.extras import install_command
from .tables import SUFFIXES, read_cells, table_rows, under_keys


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One logged output, not yet checked."""

    place: str
    """Where it stands, for errors: "FILE:12" or "FILE: sample 'q1', epoch 2"."""
    values: Mapping[str, Any]
    """Its keys. Beside those of a `Response`: `t`, `choices`, and `scored`, which is a foreign scorer's yes or no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """What a foreign log cannot say of itself."""

    scorer: str | None = None
    """lm-eval: the metric, Inspect: the scorer that the verdicts are taken from; None: see the formats."""
    filter: str | None = None
    """lm-eval: the filter whose responses are graded; None: the responses as they were generated."""
    regrade: bool = False
    """Whether the log's own scores are passed over."""
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Rows: key → the column that holds it, where that goes by another name; a dot goes into a nested field."""
    separator: str | None = None
    """Rows: what stands between several accepted answers in one text."""


_LM_EVAL_TAKEN = (
    *("id", "question", "choices", "answers", "answerable", "threshold", "sample", "split"),
    *("confidence", "exact_confidence"),
)
"""Keys that are read from the document of a sample, where it has them."""


def lm_eval_rows(samples: Iterable[LoggedRow], options: LogOptions) -> Iterator[LoggedRow]:
    """Yield the rows of a sample log.

    Raises:
        InputError: a line is no sample, the filter or metric asked for is not there, or is needed and not named.
    """
    first: str | None = None
    seen: list[str] = []
    for sample in samples:
        missing = {"doc_id", "doc", "target", "resps", "filtered_resps"} - set(sample.values)
        if missing:
            raise InputError(f"{sample.place}: no key {min(missing)!r}; not a sample of lm-evaluation-harness")
        name = str(sample.values.get("filter", "none"))
        if name not in seen:
            seen.append(name)
        first = name if first is None else first
        if name != first and options.filter is None and options.scorer is not None:
            raise InputError(
                f"{sample.place}: the metric {options.scorer!r} was taken behind several filters "
                f"({', '.join(seen)}); name one with --filter"
            )
        if name == (options.filter or first):  # each filter repeats the same raw responses
            try:
                rows = list(_sample_rows(sample, options))
            except (AttributeError, TypeError, KeyError, IndexError) as error:  # any value may be of another kind
                raise InputError(
                    f"{sample.place}: not a sample of lm-evaluation-harness ({type(error).__name__}: {error})"
                ) from None
            yield from rows
    if options.filter is not None and options.filter not in seen:
        raise InputError(f"--filter {options.filter}: the log has {', '.join(seen) or 'none'}")


def _sample_rows(sample: LoggedRow, options: LogOptions) -> Iterator[LoggedRow]:
    values = sample.values
    doc = cast("dict[str, Any]", values["doc"]) if isinstance(values["doc"], dict) else {}
    row = {key: doc[key] for key in _LM_EVAL_TAKEN if doc.get(key) is not None}
    row["id"] = row.get("id", values["doc_id"])
    resps: Any = values["resps"]
    if not isinstance(resps, list) or not resps or not isinstance(resps[0], list):
        raise InputError(f"{sample.place}: key 'resps' holds no responses, got {resps!r:.80}")
    if isinstance(resps[0][0] if resps[0] else None, list):
        yield LoggedRow(sample.place, {**row, **_choice(sample, options)})
        return
    if len(cast("list[Any]", resps)) > 1:
        raise InputError(f"{sample.place}: a sample with {len(cast('list[Any]', resps))} requests cannot be scored")
    row["answers"] = _answers(values["target"], row.get("answers"))
    if options.scorer is not None and not options.regrade:
        row["scored"] = _metric(sample, options.scorer)
    said, raw = values["resps"][0], values["resps"][0]
    if options.filter is not None or "scored" in row:
        said = values["filtered_resps"][0] if values["filtered_resps"] else ""
    texts = cast("list[Any]", said) if isinstance(said, list) else [said]
    if "scored" in row and len(texts) == len(raw):  # what a filter left of "I don't know." is no abstention any more
        texts = raw
    for number, text in enumerate(texts):
        repeated = {"sample": number + doc.get("first_sample", 0)} if len(texts) > 1 else {}
        yield LoggedRow(sample.place, {**row, **repeated, "completion": text})


def _choice(sample: LoggedRow, options: LogOptions) -> dict[str, Any]:
    """Return what a multiple choice gives: the likeliest choice, its probability among them, and if it is right."""
    metric = options.scorer or "acc"
    if metric in _OTHER_CHOICE:
        raise InputError(
            f"{sample.place}: the metric {metric!r} is of another choice than the likeliest, whose confidence is not "
            f"in the log; name one of {', '.join(_LENGTHS)}"
        )
    scores, texts = _likelihoods(sample)
    if len(scores) < 2:
        raise InputError(f"{sample.place}: a log-likelihood of one text cannot be scored; allowed are choices")
    lengths = [_LENGTHS.get(metric, _LENGTHS["acc"])(text) for text in texts]
    best = max(range(len(scores)), key=lambda i: scores[i] / lengths[i])
    total = sum(math.exp(score - scores[best]) for score in scores)
    right = _right_choice(str(sample.values["target"]), texts)
    return {
        "completion": texts[best],
        "choices": texts,
        "confidence": 1 / total,
        **({"answers": [right]} if right is not None else {}),
        **({} if options.regrade else {"verdict": _verdict(_metric(sample, metric))}),
    }


_LENGTHS: Mapping[str, Callable[[str], int]] = {
    "acc": lambda _: 1,
    "acc_norm": lambda text: max(len(text), 1),
    "acc_bytes": lambda text: max(len(text.encode("utf-8", "replace")), 1),
}
"""Metric of the harness → what it divides a choice's log-likelihood by before it takes the highest."""
_OTHER_CHOICE = ("acc_mutual_info",)


def _likelihoods(sample: LoggedRow) -> tuple[list[float], list[str]]:
    """Return the log-likelihood and the text of every choice; `arguments` is a list in older logs.

    Raises:
        InputError: the sample holds no such thing.
    """
    given: Any = sample.values.get("arguments") or {}
    scores: list[float] = []
    texts: list[str] = []
    try:
        pairs = list(cast("dict[str, Any]", given).values()) if isinstance(given, dict) else cast("list[Any]", given)
        requests: list[tuple[Any, Any]] = [
            (one["arg_0"], one["arg_1"]) if "arg_0" in one else (one[0], one[1]) for one in pairs
        ]
        for (context, text), reply in zip(requests, sample.values["resps"], strict=True):
            if context == "" and requests[0][0] != "":
                continue  # acc_mutual_info asks for each choice without the question too
            scores.append(float(reply[0][0]))
            texts.append(str(text).strip())
    except (KeyError, IndexError, TypeError, ValueError):
        raise InputError(f"{sample.place}: 'arguments' and 'resps' hold no choices with log-likelihoods") from None
    return scores, texts


def _verdict(right: bool) -> str:
    return "correct" if right else "wrong"


def _right_choice(target: str, texts: Sequence[str]) -> str | None:
    """Return the text of the right choice; None where the target may be an index or a text."""
    index = int(target) if target.isascii() and target.isdigit() else None
    if target in texts:
        return target if index is None else None
    return texts[index] if index is not None and index < len(texts) else None


def _metric(sample: LoggedRow, name: str) -> bool:
    value = sample.values.get(name)
    if name not in sample.values:
        metrics = cast("Sequence[Any]", sample.values.get("metrics") or ())
        raise InputError(f"{sample.place}: no metric {name!r}; the sample has {', '.join(map(str, metrics)) or 'none'}")
    if value not in (0, 1):
        raise InputError(f"{sample.place}: metric {name!r} is {value!r}; a verdict needs 0 or 1")
    return bool(value)


def _answers(target: Any, listed: Any) -> list[Any]:
    """Return the accepted answers: the document's list where it has one, else the target or the list written in it."""
    if isinstance(listed, list):
        return cast("list[Any]", listed)
    if isinstance(target, str) and target.startswith("[") and target.endswith("]"):
        try:
            read = ast.literal_eval(target)  # the harness writes a list of answers as Python does
        except (ValueError, SyntaxError):
            read = None
        if isinstance(read, list) and all(isinstance(answer, str) for answer in cast("list[Any]", read)):
            return cast("list[Any]", read)
    if isinstance(target, str) and "####" in target:  # GSM8K's: the answer stands behind its solution
        try:
            return [after_hashes(target)]
        except ValueError:
            return [target]
    return cast("list[Any]", target) if isinstance(target, list) else [target]


_ZSTANDARD = 93
"""The zip compression that Inspect writes; Python reads it from 3.14 on."""
_INSPECT_TAKEN = ("threshold", "split", "answerable", "confidence", "exact_confidence")
"""Keys that are read from the metadata of a sample, where it has them."""
_EXPORTED = ("id", "threshold", "question")
"""Metadata of the sweeps that `abstain export` writes: one question is several samples, with prompts of their own."""
CUT_OFF = ("length", "max_tokens", "model_length")
"""Finish reasons of servers, and of Inspect, for a completion that a limit cut off."""


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
            row = _row(sample, place, options)
        except (AttributeError, TypeError, KeyError, IndexError) as error:  # any value may be of another kind
            raise InputError(f"{place}: not a sample of Inspect ({type(error).__name__}: {error})") from None
        yield LoggedRow(place, row)


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


def _row(sample: Mapping[str, Any], place: str, options: LogOptions) -> dict[str, Any]:
    metadata = cast("dict[str, Any]", sample.get("metadata") or {})
    row = {key: metadata[key] for key in _INSPECT_TAKEN if metadata.get(key) is not None}
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
        return {**row, "verdict": "ungraded", "reason": f"error: {error.get('message', '')!s:.120}"}
    return row if options.regrade else row | _scored(sample, place, options)


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


def _scored(sample: Mapping[str, Any], place: str, options: LogOptions) -> dict[str, Any]:
    """Return what the sample's score says: a verdict, or `scored`, and a confidence in the score's metadata."""
    scores = cast("dict[str, dict[str, Any]]", sample.get("scores") or {})
    names = ", ".join(scores) or "none"
    name, key = options.scorer, ""
    if name is not None and name not in scores:
        name, _, key = name.rpartition(".")  # SCORER.KEY of a score that is several values
    if name is not None and name not in scores:
        raise InputError(f"{place}: no scorer {options.scorer!r}; the sample has {names}")
    if not scores:
        return {}
    if name is None and len(scores) > 1:
        raise InputError(f"{place}: scored by {names}; name one with --scorer, or grade again with --regrade")
    name = name or next(iter(scores))
    score = scores[name]
    stated = cast("dict[str, Any]", score.get("metadata") or {}).get("confidence")
    value = _keyed(score.get("value"), name, key, place)
    return {**_value(value, place), **({} if stated is None else {"confidence": stated})}


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


def _value(value: Any, place: str) -> dict[str, Any]:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return {"verdict": "ungraded", "reason": "unscored"}
    if value == "N":  # nothing that the scorer reads as an answer: an abstention, or another form
        return {"scored": "N"}
    if value == "P":
        return {"verdict": "ungraded", "reason": "scored P"}
    words: Sequence[tuple[Any, bool]] = (("C", True), ("I", False), (1, True), (0, False))
    for word, right in words:
        if not isinstance(value, list | dict) and value == word:
            return {"scored": right}
    raise InputError(f"{place}: score {value!r} is no verdict; allowed are C, I, P, N, 1 and 0")


def read_log(path: Path, format_: str | None = None, options: LogOptions | None = None) -> Iterator[LoggedRow]:
    """Yield the rows of `path`, in the format named or found by `detect_format`.

    Args:
        path: The log.
        format_: A name in `FORMATS`; None: by the file's ending and first row.
        options: What the log cannot say of itself.

    Raises:
        InputError: the file is missing, empty, or not in the format.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if format_ is not None and format_ not in FORMATS:
        raise InputError(f"--format {format_}: unknown; allowed are {', '.join(FORMATS)}")
    empty = True
    options, name = options or LogOptions(), format_ or detect_format(path)
    if name != "rows" and (options.columns or options.separator):
        raise InputError(f"--column and --separator are for rows; {path} is a log of {name}")
    for row in FORMATS[name](path, options):
        empty = False
        yield row
    if empty:
        raise InputError(f"{path}: no rows; an empty file cannot be scored")


def detect_format(path: Path) -> str:
    """Return the name of the format of `path`, by its ending and the keys of its first row."""
    if path.suffix in (".eval", ".json"):
        return "inspect"
    if path.suffix in SUFFIXES:
        return "rows"
    first = next(json_lines(path), None)
    return "lm-eval" if first is not None and {"doc_id", "resps"} <= set(first.values) else "rows"


def json_lines(path: Path) -> Iterator[LoggedRow]:
    """Yield the objects of a JSON Lines file; a last line that a kill cut off is dropped.

    Raises:
        InputError: a line is not a JSON object; the message names file and line.
    """
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            place = f"{path}:{number}"
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                values = json.loads(line) if line.strip() else None
            except UnicodeDecodeError as error:
                raise InputError(f"{place}: not UTF-8 (byte {error.start + 1} of the line)") from None
            except json.JSONDecodeError as error:
                if not raw.endswith(b"\n") and number > 1:
                    return
                raise InputError(f"{place}: not JSON ({error.msg}, column {error.colno})") from None
            if values is None and not line.strip():
                continue
            if not isinstance(values, dict):
                raise InputError(f"{place}: expected a JSON object, got {type(values).__name__}")
            yield LoggedRow(place, cast("dict[str, Any]", values))


def _rows(path: Path, options: LogOptions) -> Iterator[LoggedRow]:
    """Yield the rows of a JSON Lines file or a table."""
    for name in ("scorer", "filter"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name}: rows have none; it is for lm-eval and Inspect logs")
    if path.suffix not in SUFFIXES:
        for row in json_lines(path):
            values = under_keys(row.values, options.columns) if options.columns else row.values
            yield LoggedRow(row.place, values if options.separator is None else _split(values, row, options))
        return
    for place, row in table_rows(path):
        yield LoggedRow(place, read_cells(under_keys(row, options.columns), place, options.separator))


def _split(values: Mapping[str, Any], row: LoggedRow, options: LogOptions) -> dict[str, Any]:
    """Return the values with a text of several answers as a list."""
    answers = values.get("answers")
    return {
        **values,
        **({"answers": list(texts_of(answers, row.place, "answers", options.separator))} if answers else {}),
    }


def _lm_eval(path: Path, options: LogOptions) -> Iterator[LoggedRow]:
    return lm_eval_rows(json_lines(path), options)


FORMATS: Mapping[str, Callable[[Path, LogOptions], Iterator[LoggedRow]]] = {
    "rows": _rows,
    "lm-eval": _lm_eval,
    "inspect": inspect_rows,
}
"""Name → reader."""
