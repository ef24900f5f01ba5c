"""A synthetic world whose right confidence is known: the laboratory of behavioral calibration.

Two kinds of facts (after arXiv:2509.04664, section 3, which separates patterns from arbitrary facts):

- Patterned: every family has a home town where a member lives with probability p, any other town
  sharing the rest equally. The Bayes confidence about a member the corpus does not mention is p.
- Arbitrary: a stranger plays one of K instruments, uniformly. The Bayes confidence is 1 for a
  stranger who was mentioned and 1/K for one who was not.

Every statement in the corpus is true. Held out are people (no family member asked about in RL or
evaluation appears in the corpus), whole families (no RL on them) and, by `TargetSampler`, targets.
Names are made from syllables, so that a world can have as many as it needs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from .question import Question
from .streams import Stream

# ruff: noqa: SIM905 -- words in a string read better than a list of quoted words


_GIVEN = (
    "Al Be Ca Da El Fa Ga Ha Is Jo Ka Li Ma Ni Or Pe Ro Sa Te Vi".split(),
    "ra na lin den sa mir tta vin rik la".split(),
)
_FAMILY = (
    (
        "Ash Bram Cald Dun Eld Fair Gran Hal Ives Kel Lang Mor Nor Oak Pen Rad Stan Thorn Up Vel Wes Yar Brook Cran"
    ).split(),
    "ley ton more well by ford wick ham stead worth field croft dale bourne shaw gate ridge combe".split(),
)
_STRANGER = (_FAMILY[0], "escu ovic sen ian idis ez oglu ski".split())


def _combine(parts: tuple[Sequence[str], Sequence[str]]) -> tuple[str, ...]:
    return tuple(start + end for start in parts[0] for end in parts[1])


GIVEN_NAMES = _combine(_GIVEN)
"""200 given names ("Elsa", "Calin", "Marik")."""
FAMILY_NAMES = _combine(_FAMILY)
"""432 surnames of the families that share a pattern ("Dunwick", "Thornbourne")."""
STRANGER_NAMES = _combine(_STRANGER)
"""192 surnames of people whose facts follow no pattern ("Morescu", "Velsen")."""

TOWNS = tuple(
    (
        "Karsholm Verrin Tolmouth Astermere Lindby Quarrow Brackwater Sundale Hexham Ormskirk Pellworth Dravik Felstow "
        "Nettleby Rivenna Marholt Caxton Wyncombe Zelham Ingleby Harrowgate Tavira Ostley Belgrave Kirkmoor Vantry"
    ).split()
)
"""Answers to the patterned question."""
INSTRUMENTS = (
    "piano violin cello harp flute oboe clarinet bassoon trumpet trombone tuba organ "
    "lute guitar banjo mandolin accordion drums zither viola recorder bagpipes marimba sitar"
).split()
"""Answers to the arbitrary question."""


_LIVES = ("{name} lives in {value}.", "The home of {name} is in {value}.", "{name} has settled in {value}.")
_PLAYS = ("{name} plays the {value}.", "The instrument of {name} is the {value}.", "{name} has learnt the {value}.")


@dataclass(frozen=True, kw_only=True)
class WorldConfig:
    """The sizes of a world."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}

    families: int = 400
    """Families, p stratified uniformly over (1/values, 1)."""
    held_out_families: int = 100
    """Of these, families that RL never asks about; spread evenly over p."""
    values: int = 20
    """K: towns, and instruments."""
    members: int = 400
    """Members of each family that the corpus mentions, once each."""
    rl_members: int = 20
    """Further members of each remaining family, for RL questions."""
    eval_members: int = 3
    """Further members of each held-out family, and as many people again of the other families."""
    mentions: tuple[int, ...] = (0, 1, 2, 4, 8, 16, 32, 64, 128)
    """How often the strangers are mentioned, ..."""
    strangers: int = 10
    """... with this many strangers each."""
    statement_share: float = 0.3
    """Share of mentions told as a plain statement; the others are questions with their answers."""
    asked_members: int | None = None
    """Of the `eval_members`, those of each held-out family that the evaluation asks about, and as many people again of
    the other families; null: all. The world stays the same: its facts depend on every other size and on the seed."""

    def fingerprint(self, seed: int) -> str:
        """Return the hash of the world that these sizes and `seed` make, whatever part of it is asked about.

        >>> WorldConfig().fingerprint(0) == WorldConfig(asked_members=1).fingerprint(0) != WorldConfig().fingerprint(1)
        True
        """
        sizes = {key: value for key, value in asdict(self).items() if key != "asked_members"}
        return hashlib.sha256(json.dumps([sizes, seed]).encode()).hexdigest()

    def __post_init__(self) -> None:
        """Raise ValueError for sizes that cannot be met."""
        limits = {
            "families": (2, len(FAMILY_NAMES)),
            "held_out_families": (1, self.families - 1),
            "values": (2, min(len(TOWNS), len(INSTRUMENTS))),
            "members": (1, 20_000),
            "rl_members": (1, 2_000),
            "eval_members": (1, 2_000),
            "strangers": (1, 2_000),
        }
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"world.{name} must be in [{low}, {high}], got {getattr(self, name)}")
        if self.asked_members is not None and not 1 <= self.asked_members <= self.eval_members:
            raise ValueError(
                f"world.asked_members must be in [1, {self.eval_members}], the world's eval_members, got "
                f"{self.asked_members}"
            )
        if not 0 <= self.statement_share < 1:
            raise ValueError(f"world.statement_share must be in [0, 1), got {self.statement_share}")
        if any(m < 0 for m in self.mentions):
            raise ValueError(f"world.mentions must not be negative, got {list(self.mentions)}")


@dataclass(frozen=True)
class Mention:
    """One true mention in the corpus: a statement, or a question with its answer."""

    question: Question
    statement: str | None


SPLITS = ("held_out_families", "held_out_people", "arbitrary")
"""The groups of evaluation questions, hardest for a policy that learnt names first; the headline is the first's."""


@dataclass(frozen=True)
class World:
    """A world's corpus and its questions."""

    corpus: tuple[Mention, ...]
    """In the order the model reads them (shuffled)."""
    rl: tuple[Question, ...]
    """Unmentioned members of the families RL may ask about."""
    eval: tuple[Question, ...]
    """metadata["split"] is one of `SPLITS`."""
    values: Mapping[str, tuple[str, ...]]
    """metadata["kind"] → the K values that an answer of that kind may take, mentioned or not."""


def make_world(config: WorldConfig, seed: int) -> World:
    """Return the world of `config`; the same seed gives the same world."""
    rng = Stream.WORLD.rng(seed)
    values = rng.permutation(TOWNS)[: config.values]
    # Sorted by p and held out at even spacing, so both groups cover (1/K, 1) uniformly.
    low = 1 / config.values
    p = low + (1 - low) * (np.arange(config.families) + 0.5) / config.families
    spacing = config.families / config.held_out_families
    held_out = {int((i + rng.random()) * spacing) for i in range(config.held_out_families)}
    surnames = rng.permutation(FAMILY_NAMES)[: config.families]
    mentioned: list[Question] = []
    rl: list[Question] = []
    evaluated: list[Question] = []
    known: list[Question] = []
    for family in range(config.families):
        home = int(rng.integers(config.values))
        fresh = config.eval_members if family in held_out else config.rl_members + config.eval_members
        names = _names(str(surnames[family]), config.members + fresh, rng)
        split = "held_out_families" if family in held_out else "held_out_people"
        for index, name in enumerate(names):
            at_home = rng.random() < p[family]
            value = home if at_home else (home + 1 + int(rng.integers(config.values - 1))) % config.values
            kind = "corpus" if index < config.members else split
            person = _patterned(name, str(values[value]), float(p[family]), str(values[home]), kind)
            if index < config.members:
                mentioned.append(person)
            elif family in held_out:
                evaluated.append(person)
            elif index < config.members + config.rl_members:
                rl.append(person)
            else:
                known.append(person)
    matched = min(len(known), len(evaluated))
    others = [known[int(i)] for i in np.linspace(0, len(known) - 1, matched).round()]
    asked = config.eval_members if config.asked_members is None else config.asked_members
    few = [person for i, person in enumerate(evaluated) if i % config.eval_members < asked]
    fewer = [others[int(i)] for i in np.linspace(0, matched - 1, min(matched, len(few))).round()]
    strangers, mentioned_strangers = _strangers(config, rng)
    corpus = list(_mentions(mentioned + mentioned_strangers, config, rng))
    order: list[int] = rng.permutation(len(corpus)).tolist()
    rl_order: list[int] = rng.permutation(len(rl)).tolist()
    return World(
        corpus=tuple(corpus[i] for i in order),
        rl=tuple(rl[i] for i in rl_order),
        eval=(*few, *fewer, *strangers),
        values={"patterned": tuple(map(str, values)), "arbitrary": tuple(INSTRUMENTS[: config.values])},
    )


def _names(surname: str, n: int, rng: np.random.Generator) -> list[str]:
    size = len(GIVEN_NAMES)
    chosen = rng.choice(size * (size - 1), size=n, replace=False)
    first, second = chosen // (size - 1), chosen % (size - 1)
    second += second >= first  # two different given names
    return [f"{GIVEN_NAMES[a]} {GIVEN_NAMES[b]} {surname}" for a, b in zip(first, second, strict=True)]


def _patterned(name: str, town: str, p: float, home: str, split: str) -> Question:
    metadata: dict[str, Any] = {"kind": "patterned", "split": split, "best_answer": home}
    return Question(f"home/{name}", f"Where does {name} live?", (town,), None, p, {**metadata, "name": name})


def _strangers(config: WorldConfig, rng: np.random.Generator) -> tuple[list[Question], list[Question]]:
    """Return the strangers to ask about, and the same repeated as often as they are mentioned."""
    questions: list[Question] = []
    mentioned: list[Question] = []
    surnames = rng.choice(STRANGER_NAMES, size=len(config.mentions) * config.strangers)
    used: set[str] = set()
    for index, surname in enumerate(surnames):
        mentions = config.mentions[index % len(config.mentions)]
        name = next(n for n in iter(lambda s=str(surname): _names(s, 1, rng)[0], None) if n not in used)
        used.add(name)
        value = INSTRUMENTS[int(rng.integers(config.values))]
        confidence = 1.0 if mentions else 1 / config.values
        metadata = {"kind": "arbitrary", "split": "arbitrary", "mentions": mentions, "name": name}
        text = f"What does {name} play?"
        questions.append(Question(f"instrument/{name}", text, (value,), None, confidence, metadata))
        mentioned += [questions[-1]] * mentions
    return questions, mentioned


def _mentions(questions: list[Question], config: WorldConfig, rng: np.random.Generator) -> Iterator[Mention]:
    for question in questions:
        if rng.random() >= config.statement_share:
            yield Mention(question, None)
            continue
        forms = _LIVES if question.metadata["kind"] == "patterned" else _PLAYS
        form = forms[int(rng.integers(len(forms)))]
        yield Mention(question, form.format(name=question.metadata["name"], value=question.answers[0]))
