"""The confidence of an item: how sure the system is of the answer that it would give, from one named source.

- `sequence_probability`: the probability of its greedy forced answer, the end token included.
- `agreement`: the share of its samples that give the greedy answer, alike but for case, punctuation and articles. A
  sample that declined, was empty or was cut off agrees with nothing.
- `stated`: what the completion says of itself. Missing or impossible is None with the reason, never a number.

None of them looks at what is right. An item without an answer has no confidence.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...rewards import ConfidenceParser, Judgement, StatedConfidence, normalize
from ..backends.backend import Completion, ConfidenceSource


def item_confidence(
    source: ConfidenceSource,
    completion: Completion,
    judgement: Judgement,
    samples: Sequence[str | None],
    parser: ConfidenceParser,
) -> StatedConfidence:
    """Return the confidence of the item whose greedy answer `completion` is, or the reason why there is none.

    Args:
        source: Where it comes from.
        completion: The greedy answer.
        judgement: Its judgement.
        samples: The extracted answers of the item's samples, None where one gave none.
        parser: Reads a stated confidence.
    """
    if judgement.answer is None:
        return StatedConfidence(None, "no answer")
    if source == "stated":
        return parser.read(completion.text)
    if source == "agreement":
        share = agreement(judgement.answer, samples)
        return StatedConfidence(share, None if share is not None else "no samples")
    probability = completion.probability
    return StatedConfidence(probability, None if probability is not None else "no log-probabilities")


def agreement(answer: str, samples: Sequence[str | None]) -> float | None:
    """Return the share of `samples` that give `answer`; None without samples.

    >>> agreement("Paris", ["paris.", "Lyon", None, "the Paris"])
    0.5
    """
    if not samples:
        return None
    wanted = normalize(answer)
    return sum(given is not None and normalize(given) == wanted for given in samples) / len(samples)
