"""Candidates of many prompts scored by one system and kept on disk, for every kind of audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...data import InputError
from ...eval.audit.score_store import filled, store_name
from ...eval.backends.identity import model_hash
from ...eval.metrics.estimate import Array
from ..runs.progress import Progress

Texts = tuple[str, ...]


def stored_scores(
    scorer: Any,
    folder: Path,
    prompts: Sequence[str],
    offered: Sequence[Texts],
    console: Progress,
    *,
    model: str,
    adapter: Path | None,
) -> Array:
    """Return ln p̂ of each prompt's candidates, (N, K), padded with −inf; what `folder` has is not scored again.

    Args:
        scorer: A `CandidateScorer` of `model` with `adapter`.
        folder: Of the stored scores.
        prompts: Rendered, N.
        offered: Each prompt's candidates.
        console: Shows the progress.
        model: Folder or Hub id, of which the file's name depends on the contents.
        adapter: The adapter's folder; None without.

    Raises:
        InputError: two candidates of a prompt have the same tokens, or one has none.
    """
    encoded: dict[Texts, list[list[int]]] = {texts: scorer.encode(texts) for texts in dict.fromkeys(offered)}
    for texts, ids in encoded.items():
        _check(texts, ids)
    tokens = scorer.encode(list(prompts))
    hashes = [model_hash(model), model_hash(str(adapter)) if adapter else ""]
    name = store_name(*hashes, list(prompts), [list(texts) for texts in offered])

    def score(missing: Sequence[int]) -> Iterator[tuple[int, Array]]:
        return scorer.score([tokens[i] for i in missing], [encoded[offered[i]] for i in missing])

    return filled(folder / f"{name}.npy", [len(texts) for texts in offered], score, console.tick)


def _check(texts: Texts, ids: Sequence[Sequence[int]]) -> None:
    seen: dict[tuple[int, ...], str] = {}
    for text, tokens in zip(texts, ids, strict=True):
        if not tokens:
            raise InputError(f"candidate {text!r} has no tokens")
        if (other := seen.setdefault(tuple(tokens), text)) is not text:
            raise InputError(f"candidates {other!r} and {text!r} are the same tokens; give each once")
