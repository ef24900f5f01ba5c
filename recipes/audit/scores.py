"""Candidates of many prompts scored by one system and kept on disk, for every kind of audit.

Of an audit of a model, the questions say which responses there are and which of them are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from ...data import InputError, Question, Stream
from ...eval.audit.score_store import filled, store_name
from ...eval.backends.identity import model_hash
from ...eval.metrics.estimate import Array
from ...rewards import Verdict, alias_match
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


@dataclass(frozen=True, kw_only=True)
class ModelAudit:
    """What is asked of a model."""

    model: str
    adapter: Path | None
    questions: str
    candidates: str
    """A file with one candidate a line, or "choices": the letters of each question's own."""
    out: Path
    columns: dict[str, str]
    abstention: str | None
    """The response that abstains, added to the candidates; None: none does."""
    targets: tuple[float, ...]
    """Stated in the prompt, besides asking plainly."""
    max_items: int | None
    seed: int
    resamples: int
    samples: int | None = None
    """Samples of each kind and question, where the list is too long to score; None: all of it is."""


@dataclass(frozen=True)
class CandidateList:
    """A question with its responses, and which are right."""

    question: Question
    texts: Texts
    right: tuple[bool, ...]
    abstains: tuple[bool, ...]

    def place(self, text: str) -> int | None:
        """Return where `text` stands on the list, letter for letter; None where it does not."""
        return self.texts.index(text) if text in self.texts else None


def candidate_lists(asked: ModelAudit) -> list[CandidateList]:
    """Return the questions with their responses.

    Raises:
        InputError: a question has no choices, no accepted answer among its candidates, or nothing else.
    """
    from ...data import load_any

    questions = load_any(asked.questions, columns=asked.columns)
    if asked.max_items is not None and len(questions) > asked.max_items:
        chosen = Stream.AUDIT_ITEMS.rng(asked.seed).choice(len(questions), asked.max_items, replace=False)
        places: list[int] = sorted(chosen.tolist())
        questions = [questions[i] for i in places]
    shared = None if asked.candidates == "choices" else _lines(Path(asked.candidates))
    return [_listed(question, shared, asked) for question in questions]


def _listed(question: Question, shared: Texts | None, asked: ModelAudit) -> CandidateList:
    if shared is None and question.choices is None:
        raise InputError(f"{asked.questions}: question {question.id!r} has no choices; give --candidates FILE")
    offered = shared or tuple(ascii_uppercase[: len(question.choices or ())])
    grade = alias_match()
    right = [grade(text, question.answers, question.choices).verdict is Verdict.CORRECT for text in offered]
    if not any(right):
        raise InputError(
            f"{asked.questions}: question {question.id!r}: none of its answers {list(question.answers)!r:.120} is "
            f"among the candidates of {asked.candidates}"
        )
    if all(right):
        raise InputError(f"{asked.questions}: question {question.id!r}: every candidate is right, so it has no errors")
    extra = () if asked.abstention is None else (asked.abstention,)
    if set(extra) & set(offered):
        raise InputError(f"--abstention {asked.abstention!r} is also a candidate of {asked.candidates}")
    abstains = (False,) * len(offered) + (True,) * len(extra)
    return CandidateList(question, (*offered, *extra), (*right, *(False for _ in extra)), abstains)


def _lines(path: Path) -> Texts:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--candidates {path}: cannot be read ({type(error).__name__}); give a file with one candidate a line, or "
            "`choices`"
        ) from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise InputError(f"--candidates {path}: needs at least 2 candidates, one a line, got {len(lines)}")
    if len(set(lines)) < len(lines):
        twice = next(line for line in lines if lines.count(line) > 1)
        raise InputError(f"--candidates {path}: {twice!r} stands there twice")
    return tuple(lines)
