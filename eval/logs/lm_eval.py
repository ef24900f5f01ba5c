"""Sample logs of lm-evaluation-harness (`--log_samples`, files samples_TASK_DATE.jsonl) as rows.

A generated sample gives its raw responses (one row for each repeat) and its target as the accepted
answer, to be graded here: the harness's metrics do not tell "I don't know" from an error. A multiple
choice gives the likeliest choice, whether it is right by the harness's own metric, and its share of the
choices' probabilities as the confidence.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from ...data import InputError
from ...data.form import after_hashes
from .logged_row import LoggedRow, LogOptions, Scored, fitting

_TAKEN = (
    *("id", "question", "choices", "answers", "answerable", "threshold", "sample", "split"),
    *("confidence", "exact_confidence"),
)
"""Keys that are read from the document of a sample, where it has them with values of their kind."""


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
    row = fitting(doc, _TAKEN)
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
    scored: Scored | None = None
    if options.scorer is not None and not options.regrade:
        scored = "right" if _metric(sample, options.scorer) else "wrong"
    said, raw = values["resps"][0], values["resps"][0]
    if options.filter is not None or scored:
        said = values["filtered_resps"][0] if values["filtered_resps"] else ""
    texts = cast("list[Any]", said) if isinstance(said, list) else [said]
    if scored and len(texts) == len(raw):  # what a filter left of "I don't know." is no abstention any more
        texts = raw
    for number, text in enumerate(texts):
        repeated = {"sample": number + doc.get("first_sample", 0)} if len(texts) > 1 else {}
        yield LoggedRow(sample.place, {**row, **repeated, "completion": text}, scored)


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
    share = _share(scores, best)
    right = _right_choice(str(sample.values["target"]), texts)
    return {
        "completion": texts[best],
        "choices": texts,
        **({"confidence": share} if share is not None else {}),
        **({"answers": [right]} if right is not None else {}),
        **({} if options.regrade else {"verdict": _verdict(_metric(sample, metric))}),
    }


def _share(scores: Sequence[float], chosen: int) -> float | None:
    """Return the share of a choice in the probabilities of all; None where no choice has one above 0.

    >>> _share([0.0, -2000.0], 1), _share([-math.inf, -math.inf], 0)
    (0.0, None)
    """
    highest = max(scores)  # the choice with the highest score per character need not have it
    if not math.isfinite(highest):
        return None
    return math.exp(scores[chosen] - highest) / sum(math.exp(score - highest) for score in scores)


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
