"""The confidence of an item: how sure the system is of the answer that it would give, from one named source.

- `sequence_probability`: the probability of its whole greedy forced completion, the end token included.
- `answer`: the probability of the words of that completion that are its answer, given the words before them: not the
  sentence around the answer, and not what the question has said already.
- `agreement`: the share of its samples whose answer the grader takes for the greedy one. A sample that declined, was
  empty or was cut off agrees with nothing.
- `p_true`: the probability of "Yes" when the system is shown its completion and asked whether it is right
  (P(True), arXiv:2207.05221, with one proposed answer and no other samples in sight).
- `stated`: what the completion says of itself. Missing or impossible is None with the reason, never a number.
- `gate`: how readily the system abstains at the targets, of a system that was trained to answer where it is right with
  a probability above the target. A warm-up by outcomes has logit P(answer) = logit p − logit t at its minimum
  (`training/outcomes.py`), which gives p̂ = σ(logit P(answer) + logit t) at every target; the mean of them is taken.

None of them looks at what is right. An item without an answer has no confidence. The gate is what decides whether the
system answers, so that held against it every system does right: it is never the reference of what should be answered.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...data import Message
from ...rewards import ConfidenceParser, Grader, Judgement, Verdict
from ...rewards.concurrency import concurrency_of
from ...rewards.confidence import StatedConfidence
from ...rewards.matching.text import normalize
from ..backends.backend import Completion, ConfidenceSource

_WORD = re.compile(r"[^\W_]+(?:['’.,\-][^\W_]+)*")
_FRAME = frozenset({"a", "an", "the", "is", "are", "was", "were", "it", "its", "this", "that", "of", "in", "on", "by"})
"""Words that frame an answer in a sentence."""
_VERDICT_WORD = re.compile(r"\W*(yes|true|no|false)\b", re.IGNORECASE)
P_TRUE = "Is this answer to the question correct? Reply with Yes or No."
"""What the system is asked about its own completion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an item's confidence is read from."""

    completion: Completion
    """The greedy answer."""
    judgement: Judgement
    question: str = ""
    choices: Sequence[str] | None = None
    samples: Sequence[str | None] = ()
    """The extracted answers of the item's samples, None where one gave none."""
    verdict_on_itself: Completion | None = None
    """The reply to `p_true_messages`."""
    abstaining: Mapping[float, float] = field(default_factory=dict[float, float])
    """Target → ln P(the whole abstention) where the prompt states it."""


def item_confidence(
    source: ConfidenceSource, evidence: Evidence, grader: Grader, parser: ConfidenceParser
) -> StatedConfidence:
    """Return the confidence of the item, or the reason why there is none.

    Args:
        source: Where it comes from.
        evidence: The item's greedy answer and what goes with it.
        grader: Says which samples agree.
        parser: Reads a stated confidence.
    """
    answer = evidence.judgement.answer
    if answer is None:
        return StatedConfidence(None, "no answer")
    if source == "stated":
        return parser.read(evidence.completion.text)
    if source == "agreement":
        share = agreement(answer, evidence.samples, grader, evidence.choices)
        return StatedConfidence(share, None if share is not None else "no samples")
    if source == "p_true":
        return p_true(evidence.verdict_on_itself)
    if source == "gate":
        return StatedConfidence(gate_confidence(evidence.abstaining))
    completion = evidence.completion
    value = (
        completion.probability
        if source == "sequence_probability"
        else answer_probability(completion, answer, evidence.question)
    )
    return StatedConfidence(value, None if value is not None else "no log-probabilities")


def agreement(
    answer: str, samples: Sequence[str | None], grader: Grader, choices: Sequence[str] | None = None
) -> float | None:
    """Return the share of `samples` that give `answer`, by the rule that grades answers; None without samples.

    >>> from abstain.rewards import alias_match
    >>> agreement("12", ["Twelve.", "13", None, "12"], alias_match())
    0.5

    Args:
        answer: The greedy answer.
        samples: Extracted answers, None where a sample gave none.
        grader: Two answers are one where it takes either for the other. A grader that waits for a judge is not asked:
            case, punctuation and articles are set aside instead.
        choices: The options of a multiple-choice question.
    """
    if not samples:
        return None
    return sum(given is not None and same_answer(answer, given, grader, choices) for given in samples) / len(samples)


def same_answer(a: str, b: str, grader: Grader, choices: Sequence[str] | None = None) -> bool:
    """Return whether two extracted answers are one to `grader`.

    Args:
        a: An extracted answer.
        b: Another.
        grader: As in `agreement`.
        choices: The options of a multiple-choice question.
    """
    if normalize(a) == normalize(b):
        return True
    if concurrency_of(grader) > 1:
        return False
    return any(_accepts(grader, given, accepted, choices) for given, accepted in ((a, b), (b, a)))


def _accepts(grader: Grader, given: str, accepted: str, choices: Sequence[str] | None) -> bool:
    try:
        return grader(given, (accepted,), choices).verdict is Verdict.CORRECT
    except ValueError:  # an answer that the grader cannot compare with, such as a word where numbers are compared
        return False


def answer_probability(completion: Completion, answer: str, question: str) -> float | None:
    """Return the probability of the words of `answer` in `completion`, given those before; None without token texts.

    Words that the question holds, and those that only frame an answer in a sentence (articles, "is", "of", ...), are
    left out, unless none is left then. Neither the end token nor what stands around the answer counts.

    >>> texts, logprobs = ("The", " capital", " is", " Par", "is", "."), (-2.0, -1.0, -0.5, -0.25, -0.25, -1.0)
    >>> said = Completion("The capital is Paris.", (), logprobs, "stop", texts)
    >>> value = answer_probability(said, "The capital is Paris.", "What is the capital of France?")
    >>> round(math.log(value), 9)
    -0.5

    Args:
        completion: With log-probabilities and token texts.
        answer: As the grader extracted it; where the completion does not hold it in these words, the whole completion
            is searched.
        question: The question's text.
    """
    if not completion.logprobs or not completion.token_texts:
        return None
    text = "".join(completion.token_texts)
    start = text.rfind(answer)
    span = (0, len(text)) if start < 0 else (start, start + len(answer))
    words = [(word.start(), word.end()) for word in _WORD.finditer(text, *span)]
    known = _FRAME | {word.casefold() for word in _WORD.findall(question)}
    new = [(first, last) for first, last in words if text[first:last].casefold() not in known] or words or [span]
    return math.exp(sum(_logprobs_within(completion.token_texts, completion.logprobs, new)))


def _logprobs_within(texts: Sequence[str], logprobs: Sequence[float], spans: Sequence[tuple[int, int]]) -> list[float]:
    """Return the log-probabilities of the tokens that share a character with one of `spans`."""
    found: list[float] = []
    end = 0
    for text, logprob in zip(texts, logprobs, strict=False):
        begin, end = end, end + len(text)
        if any(begin < last and first < end for first, last in spans):
            found.append(logprob)
    return found


def gate_confidence(abstaining: Mapping[float, float]) -> float:
    """Return the mean over targets t of p̂ = σ(logit P(answer) + logit t), with P(answer) = 1 − P(abstention).

    >>> gate_confidence({0.5: math.log(0.25), 0.8: math.log(0.5)})  # 0.75 and 0.8
    0.775

    Args:
        abstaining: Target, a fraction in (0, 1), → ln P(the whole abstention) where the prompt states it. At least one.
    """
    return sum(_behind_gate(math.exp(logprob), t) for t, logprob in abstaining.items()) / len(abstaining)


def _behind_gate(abstain: float, t: float) -> float:
    """Return σ(logit(1 − `abstain`) + logit t), multiplied out: nothing is infinite at 0 and 1."""
    answer = (1 - abstain) * t
    return answer / (answer + abstain * (1 - t))


def p_true_messages(messages: Sequence[Message], completion: Completion) -> list[Message]:
    """Return the chat that asks the system whether its `completion` of the chat `messages` is right."""
    return [*messages, {"role": "assistant", "content": completion.text}, {"role": "user", "content": P_TRUE}]


def p_true(reply: Completion | None) -> StatedConfidence:
    """Return the probability of "Yes" that the greedy `reply` to `p_true_messages` tells.

    Of a reply that opens with "No" it is one less the probability of that word: what neither word has is counted with
    "Yes", which a model that was asked for one of the two gives little of.

    >>> p_true(Completion("No.", (), (math.log(0.75), -1.0), "stop", ("No", "."))).value
    0.25
    """
    if reply is None or not reply.logprobs or not reply.token_texts:
        return StatedConfidence(None, "no log-probabilities")
    text = "".join(reply.token_texts)
    found = _VERDICT_WORD.match(text)
    if found is None:
        return StatedConfidence(None, "asked whether its answer is right, it said neither yes nor no")
    probability = math.exp(sum(_logprobs_within(reply.token_texts, reply.logprobs, [found.span(1)])))
    return StatedConfidence(probability if found[1].casefold() in ("yes", "true") else 1 - probability)
