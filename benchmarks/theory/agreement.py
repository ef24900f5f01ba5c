"""Two-choice agreement sentences, which a trigram model must get wrong half the time (arXiv:2509.04664, corollary 2).

"She lost it and was completely out of ..." her mind, or his? What agrees stands far from what must agree with it, and a
model that sees the last n − 1 words sees the same words in both sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import numpy as np

from abstain.eval.audit.enumeration import Enumeration

SUBJECTS = (("She", "her"), ("He", "his"))
MIDDLES = (
    ("lost it and was completely out of", "mind"),
    ("came home late and went straight to", "room"),
    ("was asked twice before naming", "price"),
    ("waited an hour for", "turn"),
    ("left in a hurry and forgot", "keys"),
)
Sentence = tuple[str, ...]


def prompts() -> list[Sentence]:
    """Return the beginnings of the sentences, each in both forms."""
    return [(subject, *middle.split()) for (middle, _), (subject, _) in product(MIDDLES, SUBJECTS)]


def responses() -> list[list[Sentence]]:
    """Return the two continuations of each prompt, in the same order for both of its forms."""
    return [[(own, noun) for _, own in SUBJECTS] for _, noun in (m for m in MIDDLES for _ in SUBJECTS)]


def enumeration(model: Sequence[Sequence[Fraction]]) -> Enumeration:
    """Return the enumeration of the sentences, equally likely, with p̂ of the two continuations, (C, 2), exactly."""
    count = len(model)
    valid = np.array([[place == number % 2 for place in range(2)] for number in range(count)])
    training = np.array([[Fraction(int(v)) for v in row] for row in valid], dtype=object)
    own = np.empty((count, 2), dtype=object)
    for number, row in enumerate(model):
        own[number] = list(row)
    return Enumeration(
        model=own,
        training=training,
        valid=valid,
        error=~valid,
        prompts=np.array([Fraction(1, count)] * count, dtype=object),
    )


class NGramModel:
    """Counts of what follows n − 1 words, with one added to every word that was ever seen."""

    def __init__(self, sentences: Sequence[Sentence], n: int) -> None:
        """Count `sentences`."""
        self.n = n
        self.words = len({word for sentence in sentences for word in sentence})
        self.after: Counter[Sentence] = Counter()
        self.pairs: Counter[tuple[Sentence, str]] = Counter()
        for sentence in sentences:
            for place, word in enumerate(sentence):
                context = self.context(sentence[:place])
                self.after[context] += 1
                self.pairs[context, word] += 1

    def context(self, words: Sentence) -> Sentence:
        """Return the last n − 1 of `words`: all that the model sees."""
        return words[max(0, len(words) - self.n + 1) :]

    def probability(self, prompt: Sentence, continuation: Sentence) -> Fraction:
        """Return p̂(continuation | prompt)."""
        product_, words = Fraction(1), prompt
        for word in continuation:
            context = self.context(words)
            product_ *= Fraction(self.pairs[context, word] + 1, self.after[context] + self.words)
            words = (*words, word)
        return product_

    def choice(self, prompt: Sentence, offered: Sequence[Sentence]) -> list[Fraction]:
        """Return p̂ of each continuation given that it is one of `offered`."""
        masses = [self.probability(prompt, continuation) for continuation in offered]
        return [mass / sum(masses) for mass in masses]


def trained(n: int, copies: int = 20) -> NGramModel:
    """Return an n-gram model of the true sentences, `copies` times each."""
    true = [
        (*prompt, *offered[number % 2])
        for number, (prompt, offered) in enumerate(zip(prompts(), responses(), strict=True))
    ]
    return NGramModel(true * copies, n)
