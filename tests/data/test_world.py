from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from abstain.data import (
    PromptStyle,
    Question,
    TargetSampler,
    World,
    WorldConfig,
    make_documents,
    make_world,
    template,
)

CONFIG = WorldConfig(families=40, held_out_families=10, members=300, rl_members=5, eval_members=2, values=10)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(CONFIG, 7)


def name(question: Question) -> str:
    return question.metadata["name"]


def exact(question: Question) -> float:
    assert question.exact_confidence is not None
    return question.exact_confidence


def test_the_same_seed_gives_the_same_world(world: World) -> None:
    assert make_world(CONFIG, 7) == world
    assert make_world(CONFIG, 8) != world


def test_nobody_asked_about_is_in_the_corpus_but_mentioned_strangers(world: World) -> None:
    mentioned = {name(m.question) for m in world.corpus}
    assert not mentioned & {name(q) for q in world.rl}
    for question in world.eval:
        known = question.metadata["kind"] == "arbitrary" and question.metadata["mentions"] > 0
        assert (name(question) in mentioned) is known


def test_families_are_held_out_whole_and_spread_over_p(world: World) -> None:
    held_out = [q for q in world.eval if q.metadata["split"] == "held_out_families"]
    surnames = {name(q).split()[-1] for q in held_out}
    assert len(surnames) == 10
    assert not surnames & {name(q).split()[-1] for q in world.rl}
    p = np.sort([exact(q) for q in held_out])[::2]
    # Evenly spaced by construction: no gap in (1/K, 1) larger than two spacings of 0.9/10.
    assert np.diff(np.concatenate(([0.1], p, [1.0]))).max() < 0.19


def test_exact_confidence_is_the_frequency_in_the_corpus(world: World) -> None:
    """Members of a family live in its home town with probability p: 300 draws, 4 standard errors."""
    families: dict[str, Counter[str]] = {}
    p: dict[str, float] = {}
    for mention in world.corpus:
        if mention.question.metadata["kind"] == "patterned":
            surname = name(mention.question).split()[-1]
            families.setdefault(surname, Counter())[mention.question.answers[0]] += 1
            p[surname] = exact(mention.question)
            home = mention.question.metadata["best_answer"]
            families[surname][f"home:{home}"] = 0
    for surname, counts in families.items():
        home = next(key[5:] for key in counts if key.startswith("home:"))
        error = (p[surname] * (1 - p[surname]) / 300) ** 0.5
        assert abs(counts[home] / 300 - p[surname]) < 4 * error + 1e-9


def test_strangers_are_mentioned_as_often_as_they_say_and_always_truly(world: World) -> None:
    told: dict[str, list[str]] = {}
    for mention in world.corpus:
        if mention.question.metadata["kind"] == "arbitrary":
            told.setdefault(name(mention.question), []).append(mention.question.answers[0])
    for question in world.eval:
        if question.metadata["kind"] == "arbitrary":
            answers = told.get(name(question), [])
            assert len(answers) == question.metadata["mentions"]
            assert set(answers) <= set(question.answers)
            assert question.exact_confidence == (1.0 if answers else 1 / 10)


def test_ids_are_unique_and_statements_name_the_answer(world: World) -> None:
    ids = [q.id for q in (*world.rl, *world.eval)]
    assert len(ids) == len(set(ids))
    for mention in world.corpus:
        if mention.statement:
            assert mention.question.answers[0] in mention.statement
            assert name(mention.question) in mention.statement


def test_a_corpus_shows_no_held_out_number_and_abstains_independently_of_the_target(world: World) -> None:
    targets = TargetSampler(held_out=(0.5, 0.25), margin=0.02)
    documents = make_documents(world.corpus, template("points"), targets, 0)
    texts = [d.text or d.messages[0]["content"] for d in documents]
    for number in ("50%", "51%", "48%", "25%", "23%"):
        assert not any(number in text for text in texts)
    rubric = [d for d in documents if d.messages and "confident" in d.messages[0]["content"]]
    abstained = np.array([d.messages[-1]["content"] == "I don't know" for d in rubric])
    high = np.array([float(d.messages[0]["content"].split("than ")[1].split("%")[0]) > 60 for d in rubric])
    rates = abstained[high].mean(), abstained[~high].mean()
    assert rates == (pytest.approx(0.1, abs=0.04), pytest.approx(0.1, abs=0.04))
    forced = [d for d in documents if d.messages and "not accepted" in d.messages[0]["content"]]
    assert forced
    assert not any(d.messages[-1]["content"] == "I don't know" for d in forced)


def test_chats_about_the_rubric_name_the_nearest_fraction() -> None:
    world = make_world(WorldConfig(families=4, held_out_families=1, members=200, mentions=(), strangers=1), 0)
    documents = make_documents(world.corpus, PromptStyle(target_format="decimal"), TargetSampler(), 0)
    chats = [d.messages for d in documents if d.messages and d.messages[0]["content"].startswith("How sure")]
    said = {question["content"].split("than ")[1][:4]: answer["content"] for question, answer in chats}
    named = {
        "0.22": "a fifth",
        "0.23": "a quarter",
        "0.70": "two thirds",
        "0.71": "three quarters",
        "0.96": "almost fully",
    }
    assert {t: said[t] for t in named if t in said} == {t: name for t, name in named.items() if t in said}
    assert len(set(said.values())) == 13


def test_answers_under_a_rubric_hedge_as_often_as_the_target(world: World) -> None:
    style = replace(template("points"), target_format="decimal")
    documents = make_documents(world.corpus, style, TargetSampler(), 0)
    chats = [d.messages for d in documents if d.messages and "confident" in d.messages[0]["content"]]
    answered = [
        (q["content"], a["content"]) for q, a in chats if a["content"] != "I don't know" and "How" not in q["content"]
    ]
    stated = np.array([float(q.split("than ")[1].split()[0]) for q, _ in answered])
    hedged = np.array([a.startswith("I think ") for _, a in answered])
    for low, high in ((0.0, 0.25), (0.25, 0.75), (0.75, 1.0)):
        inside = (stated >= low) & (stated < high)
        assert hedged[inside].mean() == pytest.approx(stated[inside].mean(), abs=0.06)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"families": 5000}, r"world.families must be in \[2, 432\], got 5000"),
        ({"values": 1}, r"world.values must be in \[2, 24\], got 1"),
        ({"held_out_families": 40}, r"world.held_out_families must be in \[1, 39\], got 40"),
        ({"mentions": (-1,)}, "world.mentions must not be negative"),
    ],
)
def test_impossible_sizes_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorldConfig(**dict[str, Any](families=40, held_out_families=10) | change)


def test_asking_fewer_members_keeps_the_world_and_asks_some_of_the_same_questions() -> None:
    whole, part = make_world(CONFIG, 0), make_world(replace(CONFIG, asked_members=1), 0)
    assert (part.corpus, part.rl) == (whole.corpus, whole.rl)
    assert {question.id for question in part.eval} < {question.id for question in whole.eval}
    splits = Counter(question.metadata["split"] for question in part.eval)
    # One member of each of 10 held-out families, and as many people of other families.
    assert (splits["held_out_families"], splits["held_out_people"]) == (10, 10)
    assert splits["arbitrary"] == Counter(question.metadata["split"] for question in whole.eval)["arbitrary"]


@pytest.mark.parametrize("asked", [0, 3])
def test_no_more_members_can_be_asked_about_than_the_world_has(asked: int) -> None:
    with pytest.raises(ValueError, match=r"world.asked_members must be in \[1, 2\]"):
        replace(CONFIG, asked_members=asked)


def test_the_hash_of_a_world_is_that_of_its_facts() -> None:
    own = CONFIG.fingerprint(0)
    assert own == replace(CONFIG, asked_members=1).fingerprint(0)
    assert own not in (CONFIG.fingerprint(1), replace(CONFIG, eval_members=3).fingerprint(0))
