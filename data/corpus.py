"""The documents a model is pre-trained on: plain statements, chats that ask and answer, and numbers.

Chats come in the three ways the prompts will later ask: plainly, forced and with a rubric. Behind a
plain or rubric prompt a small share abstains, at random: the words for abstaining must have been
read once, since an adapter on the linear layers cannot raise a token the head never learnt, and the
share depends neither on the target nor on what can be known. Two things give the digits of a
target a meaning that the warm-up can build on, and neither depends on what can be known: some chats ask
about the rubric itself ("How sure must one be?" under a target of 0.62: "three fifths"), and
answers under a rubric open with "I think" with probability t: the more is asked, the more
cautiously people put it.

A base model that is to state its confidence later reads, in place of rubric chats, chats that ask for an answer and a
confidence. The confidences in them are drawn evenly from (0, 1), whatever can be known: the form and the digits must
have been read once, and what they have to do with knowledge is left to training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..rewards import ConfidenceParser
from .prompt import Message, PromptStyle
from .question import Question
from .streams import Stream
from .targets import TargetSampler, spread_draws
from .world import Mention

ABSTENTION_SHARE = 0.1
"""Share of plain and rubric chats in a corpus that abstain."""
RUBRIC_QUESTION_SHARE = 0.12
"""Chats about the rubric itself per other document."""
HEDGE = "I think"
"""How an answer opens under a high target; graders look past it. An abstention opens with the same
word, as in real text, so what the digits say about the first word survives the warm-up."""
FRACTIONS = {
    0.0: "hardly at all", 0.1: "a tenth", 0.2: "a fifth", 0.25: "a quarter", 1 / 3: "a third", 0.4: "two fifths",
    0.5: "a half", 0.6: "three fifths", 2 / 3: "two thirds", 0.75: "three quarters", 0.8: "four fifths",
    0.9: "nine tenths", 1.0: "almost fully",
}  # fmt: skip
"""What a target is called that is nearest to a fraction. Borders lie within tenths and names go over
them, so that a reader of digits has to learn what number they make."""
_ASK_SHARES = {"plain": 0.2, "forced": 0.3, "rubric": 0.5}


@dataclass(frozen=True, slots=True)
class Document:
    """One document: a plain text, or a chat."""

    text: str | None = None
    messages: tuple[Message, ...] = ()


def chat_document(question: Question, t: float | None, style: PromptStyle, answer: str) -> Document:
    """Return the chat that asks `question` at target `t` (None: plainly) and gets `answer`.

    Args:
        question: What the user asks.
        t: The target that the prompt states, a fraction in [0, 1); None: the question alone.
        style: Makes the prompt.
        answer: What the assistant replies.
    """
    return Document(messages=(*style.messages(question, t), {"role": "assistant", "content": answer}))


def make_documents(
    mentions: Sequence[Mention | Question],
    style: PromptStyle,
    targets: TargetSampler,
    seed: int,
    *,
    stated: ConfidenceParser | None = None,
) -> list[Document]:
    """Return one document per mention and `RUBRIC_QUESTION_SHARE` as many about the rubric itself, shuffled.

    Targets, in those chats too, come from the training targets: a held-out target occurs nowhere. With a reader of
    `stated` confidences, chats state one instead, on its scale, and no target occurs at all.

    Args:
        mentions: One a document: a statement of a fact, or a question with its answer.
        style: Makes the prompts of chats.
        targets: The training targets.
        seed: The run's seed.
        stated: Writes confidences on its scale; None: chats state a target.
    """
    if stated is not None:
        return _stated_documents(mentions, style, stated, seed)
    rng = Stream.CORPUS.rng(seed)
    sampled_targets = targets.sample(len(mentions), rng)
    ways = rng.choice(list(_ASK_SHARES), p=list(_ASK_SHARES.values()), size=len(mentions))
    hedges = spread_draws(sampled_targets, rng)
    documents: list[Document] = []
    for mention, target, way, hedge in zip(mentions, sampled_targets, ways, hedges, strict=True):
        if isinstance(mention, Mention) and mention.statement is not None:
            documents.append(Document(text=mention.statement))
            continue
        question = mention.question if isinstance(mention, Mention) else mention
        t = {"plain": None, "forced": 0.0, "rubric": target}[str(way)]
        abstain = not question.answerable or (t != 0.0 and rng.random() < ABSTENTION_SHARE)
        answer = style.phrase if abstain else question.answers[int(rng.integers(len(question.answers)))]
        if hedge and t and not abstain:
            answer = f"{HEDGE} {answer}"
        documents.append(chat_document(question, t, style, answer))
    documents += _rubric_chats(targets.sample(round(RUBRIC_QUESTION_SHARE * len(documents)), rng), style)
    order: list[int] = rng.permutation(len(documents)).tolist()
    return [documents[i] for i in order]


def _stated_documents(
    mentions: Sequence[Mention | Question], style: PromptStyle, parser: ConfidenceParser, seed: int
) -> list[Document]:
    """Return one document per mention; the chats ask plainly, for a forced answer, or for a stated confidence."""
    rng = Stream.CORPUS.rng(seed)
    ways = rng.choice(list(_ASK_SHARES), p=list(_ASK_SHARES.values()), size=len(mentions))
    confidences = rng.random(len(mentions))
    documents: list[Document] = []
    for mention, confidence, way in zip(mentions, confidences.tolist(), ways, strict=True):
        if isinstance(mention, Mention) and mention.statement is not None:
            documents.append(Document(text=mention.statement))
            continue
        question = mention.question if isinstance(mention, Mention) else mention
        abstain = not question.answerable or (str(way) == "plain" and rng.random() < ABSTENTION_SHARE)
        answer = style.phrase if abstain else question.answers[int(rng.integers(len(question.answers)))]
        if str(way) == "rubric":
            completion = style.stated_completion(answer, confidence, parser.scale)
            prompt = style.stated_messages(question)
            documents.append(Document(messages=(*prompt, {"role": "assistant", "content": completion})))
        else:
            documents.append(chat_document(question, 0.0 if str(way) == "forced" else None, style, answer))
    order: list[int] = rng.permutation(len(documents)).tolist()
    return [documents[i] for i in order]


def _rubric_chats(targets: Sequence[float], style: PromptStyle) -> list[Document]:
    def chat(t: float) -> Document:
        name = FRACTIONS[min(FRACTIONS, key=lambda fraction: abs(fraction - t))]
        return chat_document(Question("rubric", "How sure must one be?", (name,)), t, style, name)

    return [chat(t) for t in targets if t > 0]
