"""benchmarks/ledger: every entrant is a recipe that loads, and what is measured of simulated runs is what they did."""

from __future__ import annotations

import importlib
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modules import module_at
from rows import row
from simulated import TARGETS, Policy, simulate

from abstain.eval.sweep.responses import Response
from abstain.recipes import load_recipe
from abstain.recipes.config.load import dump_recipe
from abstain.rewards import Verdict

FOLDER = Path(__file__).parents[3] / "benchmarks" / "ledger"
MODULES = ("systems", "entrants", "jobs", "theory", "odds", "facts", "measure", "tables")


@pytest.fixture(scope="module")
def ledger() -> Any:
    """The benchmark's modules, as `python benchmarks/ledger` sees them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        found = {name: importlib.import_module(name) for name in MODULES}
        found["main"] = module_at(FOLDER / "__main__.py")
    return SimpleNamespace(**found)


def test_every_job_is_a_recipe_that_loads_and_its_start_a_job(ledger: Any) -> None:
    for job in ledger.jobs.JOBS.values():
        recipe = load_recipe(job.recipe, job.overrides(Path("out"), 3))
        assert recipe.seed == 3
        assert set(job.needs) <= set(ledger.jobs.JOBS)
        assert (recipe.model is None) is (not job.base)
    for entrant in ledger.entrants.ENTRANTS:
        assert set(entrant.jobs) <= set(ledger.jobs.JOBS)
    assert {*ledger.entrants.ABLATIONS, *ledger.entrants.BUDGETS} <= set(ledger.jobs.JOBS)


def test_trained_entrants_have_as_many_completions_but_for_their_warm_ups(ledger: Any) -> None:
    def asked(name: str) -> int:
        recipe = load_recipe(f"ledger/{name}")
        stages = [recipe.warmup] if recipe.warmup else []
        sampled = sum(s.prompts * s.samples for s in (recipe.rejection, recipe.dpo) if s is not None)
        grpo = recipe.rl.trainer if recipe.rl is not None else {}
        rl = grpo.get("max_steps", 0) * grpo.get("per_device_train_batch_size", 0) * grpo.get(
            "gradient_accumulation_steps", 0)  # fmt: skip
        return sum(stage.prompts for stage in stages) + sampled + rl

    assert {
        name: asked("start") + asked(name) for name in ("plain", "truthrl", "dpo", "explicit-group")
    } == dict.fromkeys(("plain", "truthrl", "dpo", "explicit-group"), 25_600)
    assert asked("r-tuning") == 25_600
    assert asked("rlcr") == 25_600
    assert asked("gate") + asked("ours") < 25_600  # and the forced answers that the gate samples


def test_jobs_wait_for_what_they_need(ledger: Any) -> None:
    def waves(*names: str) -> list[list[str]]:
        return [[job.name for job in wave] for wave in ledger.jobs.waves([ledger.jobs.JOBS[name] for name in names])]

    assert waves("start", "gate", "ours", "plain") == [["start"], ["gate", "plain"], ["ours"]]
    assert waves("ours", "plain") == [["ours", "plain"]]
    assert ledger.jobs.with_needs(ledger.jobs.JOBS, ["ours"]) == {"ours", "gate", "start"}


@given(
    t=st.floats(0.05, 0.95),
    a=st.floats(0.05, 0.95),
    size=st.integers(2, 8),
    shared=st.booleans(),
    bounded=st.booleans(),
)
def test_undivided_advantages_teach_the_target_whatever_the_group(
    ledger: Any, t: float, a: float, size: int, shared: bool, bounded: bool
) -> None:
    found = ledger.theory.threshold(t, a=a, size=size, divided=False, shared=shared, explicit=not bounded)
    assert found == pytest.approx(t, abs=1e-6)


@given(t=st.floats(0.05, 0.95), a=st.floats(0.05, 0.95), size=st.integers(2, 8))
def test_divided_advantages_of_two_outcomes_teach_one_half(ledger: Any, t: float, a: float, size: int) -> None:
    assert ledger.theory.threshold(t, a=a, size=size, divided=True, shared=True) == pytest.approx(0.5, abs=1e-6)
    assert ledger.theory.threshold(t, a=a, size=2, divided=True, shared=False) == pytest.approx(0.5, abs=1e-6)


def test_the_gradient_of_a_pair_is_what_a_hand_works_out(ledger: Any) -> None:
    # Half of all pairs hold one answer, paid r on average p − t, and one abstention: advantages r/2 and −r/2.
    # Σ A (x − a) = r/2 · ½ + r/2 · ½ = r/2, so g = ½ · (p − t)/2 / 2. Pairs of two answers share their outcome: 0.
    found = ledger.theory.gradient(0.7, 0.4, a=0.5, size=2, divided=False, shared=True)
    assert found == pytest.approx(0.5 * 0.3 / 2 / 2)
    # Divided by the standard deviation |r|/√2 of the pair, an answer's advantage is ±1/√2, whatever the pay.
    found = ledger.theory.gradient(0.7, 0.4, a=0.5, size=2, divided=True, shared=True)
    assert found == pytest.approx(0.5 * (0.7 - 0.3) * 2**-0.5 / 2)


def test_a_confidence_decides_afterwards(ledger: Any) -> None:
    rows = [
        row("a", "c", 0.0, 0.8, answer="Rome"),
        row("a", "w", 0.5),
        *(row("a", "w", 0.0, sample=k, answer=said) for k, said in enumerate(("rome", "Oslo", None, "Rome"), 1)),
    ]
    (by_probability,) = ledger.systems.afterwards(rows, ledger.systems.by_probability)
    (by_samples,) = ledger.systems.afterwards(rows, ledger.systems.by_samples)
    assert (by_probability.threshold, by_probability.confidence, by_samples.confidence) == (None, 0.8, 0.5)
    assert by_samples.verdict is Verdict.CORRECT


def test_each_penalty_has_its_own_model_and_the_nearest_answers(ledger: Any) -> None:
    def model(even: float, verdict: str) -> list[Response]:
        return [row("a", verdict, t) for t in (0.0, 0.17, 0.39, 0.5, 0.83)] + [row("a", "a", even, sample=1)]

    models = {0.17: model(0.17, "w"), 0.5: model(0.5, "c"), 0.83: model(0.83, "a")}
    found = {r.threshold: r.verdict.value for r in ledger.systems.nearest_model(models)}
    assert found == {0.0: "correct", 0.17: "wrong", 0.39: "correct", 0.5: "correct", 0.83: "abstained"}


def write_run(folder: Path, recipe: str, changes: list[str], systems: dict[str, list[Response]]) -> None:
    """Write what the ledger reads of a finished run."""
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(dump_recipe(load_recipe(recipe, changes)), encoding="utf-8")
    (folder / "state.json").write_text(json.dumps({"seconds": {"base": 99.0, "warmup": 20.0, "rl": 30.0}}))
    (folder / "report.html").touch()
    (folder / "logs").mkdir()
    (folder / "logs" / "warmup.jsonl").write_text('{"step": 0, "own_answers": 7000}\n{"step": 25, "loss": 1.0}\n')
    for name, rows in systems.items():
        (folder / "eval" / name).mkdir(parents=True)
        lines = (response.to_json() for response in rows)
        (folder / "eval" / name / "responses.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def sweep(policy: Policy, seed: int) -> list[Response]:
    """Return a sweep of all splits."""
    splits = ("held_out_families", "held_out_people", "arbitrary")
    return [r for split in splits for r in simulate(policy, items=40, split=split, seed=seed)]


def test_what_was_run_is_measured_and_the_rest_marked(
    ledger: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, page = tmp_path / "runs", tmp_path / "docs" / "ledger.md"
    (page.parent / "figures").mkdir(parents=True)
    asked = "".join(f"## {name}\n<!-- ledger: {name} -->\nof before\n<!-- end -->\n" for name in ledger.tables.TABLES)
    page.write_text(asked, encoding="utf-8")
    right, deaf = Policy(noise=0.0), Policy(slope=0.0, intercept=0.5, noise=0.0)
    for seed in (0, 1):
        for name, systems in {
            "start": {"base": Policy(slope=0.0), "prompted": deaf, "trained": deaf},
            "gate": {"trained": right},
            "ours": {"trained": right},
            "plain": {"trained": deaf},
        }.items():
            job = ledger.jobs.JOBS[name]
            rows = {system: sweep(policy, seed) for system, policy in systems.items()}
            write_run(job.folder(out, seed), job.recipe, job.overrides(out, seed), rows)
    monkeypatch.setattr(
        "sys.argv", ["ledger", "--seeds", "0", "1", "--measure", "--out", str(out), "--page", str(page)]
    )
    ledger.main.main()
    found = json.loads((out / "ledger.json").read_text())
    ours, plain = (found["world"]["entrants"][name]["splits"]["held_out_families"] for name in ("ours", "plain"))
    assert ours["adherence"]["by_seed"] == [1.0, 1.0]
    assert ours["regret"]["pooled"]["value"] == pytest.approx(0.0, abs=1e-9)
    assert ours["items"] == 80
    assert ours["odds"]["by_seed"] == [pytest.approx(0.0, abs=1e-9)] * 2
    assert ours["slope"]["pooled"]["value"] == pytest.approx(1.0, abs=0.05)
    assert plain["slope"]["pooled"]["value"] == pytest.approx(0.0, abs=0.05)
    assert [point["t"] for point in ours["by_target"]] == list(TARGETS)
    assert found["world"]["entrants"]["ours"]["completions"] == 7000 + 35 * 512
    assert found["world"]["entrants"]["plain"]["completions"] == 5120 + 40 * 512
    assert found["world"]["entrants"]["plain"]["seconds"] == 20.0 + 30.0 + 20.0 + 30.0
    assert "truthrl" not in found["world"]["entrants"]
    against = found["world"]["against_ours"]["plain"]["held_out_families"]
    assert (against["seeds"], against["seeds_ahead"]) == (2, 2)
    assert against["normalized_regret"]["difference"] == pytest.approx(-plain["regret"]["pooled"]["value"])
    text = page.read_text(encoding="utf-8")
    assert "of before" not in text
    assert "| ours, target in the prompt | 1.000 (1.000 to 1.000) |" in text
    assert "| TruthRL, 1 / 0 / −1 (arXiv:2509.25760) | not run |" in text
    assert "| plain GRPO, bounded payoff | " in text
    assert "ours ahead |" in text
    assert (page.parent / "figures" / "ledger_thresholds.svg").is_file()


def test_known_odds_pay_what_an_answer_earns_on_average(ledger: Any) -> None:
    def item(name: str, p: float, decisions: dict[float, tuple[str, str | None]]) -> list[Response]:
        common: dict[str, Any] = {"exact_confidence": p}
        return [row(name, verdict, t, answer=answer, **common) for t, (verdict, answer) in decisions.items()]

    # a, p = 0.9: answered at 0.5, abstains at 0.8. b, p = 0.2: answers both, another answer at 0.8, which is right.
    rows = item("a", 0.9, {0.0: ("c", "Rome"), 0.5: ("w", "rome"), 0.8: ("a", None)})
    rows += item("b", 0.2, {0.0: ("w", "Oslo"), 0.5: ("w", "Oslo"), 0.8: ("c", "Bonn")})
    base = item("a", 0.9, {0.0: ("c", "Rome")}) + item("b", 0.2, {0.0: ("w", "Oslo")})
    # Pays 0.9 - 0.5, 0, 0.2 - 0.5 and 1 - 0.8, so 0.3. Oracle 0.4 + 0.1. Constants: 0.4 - 0.3 at 0.5, 0 at 0.8.
    found = ledger.odds.regret_at_odds(rows, base, (0.5, 0.8))
    assert found == pytest.approx((0.5 - 0.3) / (0.5 - 0.1))
    assert ledger.odds.regret_at_odds([replace(r, exact_confidence=None) for r in rows], base, (0.5, 0.8)) is None


def test_a_page_that_asks_for_an_unknown_table_is_refused(ledger: Any) -> None:
    with pytest.raises(ValueError, match="asks for 'familes'; there are families, people"):
        ledger.tables.fill("<!-- ledger: familes --> <!-- end -->", {})


def entity_questions(folder: Path) -> Path:
    """Write a small set in the form of EntityQuestions: 40 questions of each of three relations."""
    folder.mkdir()
    for part in ("train", "dev"):
        rows = [
            {"relation": relation, "question": f"{words} {part} {i}?", "answers": [f"{relation} {i % 5}"]}
            for relation, words in (
                ("P17", "Which country is"),
                ("P136", "What type of music is"),
                ("P26", "Who married"),
            )
            for i in range(40)
        ]
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize("name", ["EIGHT", "ALL"])
def test_the_runs_on_real_facts_load_and_keep_relations_for_transfer(ledger: Any, name: str, tmp_path: Path) -> None:
    which = getattr(ledger.facts, name)
    source = entity_questions(tmp_path / "source")
    popqa = tmp_path / "popqa.jsonl"
    popqa.write_text("".join(
        json.dumps({"id": i, "question": f"In what country is X{i}?", "possible_answers": ["Y"], "s_pop": i}) + "\n"
        for i in range(4)
    ))  # fmt: skip
    ledger.facts.write_questions(which, source, popqa, tmp_path, 0)
    asked = [json.loads(line) for line in which.questions(tmp_path, "rl", 0).read_text().splitlines()]
    assert {one["relation"] for one in asked} == {"P17"}
    jobs = ledger.facts.jobs(which, source, tmp_path, 0)
    for job in jobs.values():
        recipe = load_recipe(job.recipe, job.overrides(tmp_path, 0))
        assert set(job.needs) <= set(jobs)
        assert (recipe.model is None) is (job.name == f"{which.prefix}base")
    evaluated = [json.loads(line) for line in which.questions(tmp_path, "eval", 0).read_text().splitlines()]
    rows = [replace(row(one["id"], "c", 0.5), question=one["question"]) for one in evaluated]
    splits = {one["relation"]: found.split for one, found in
              zip(evaluated, ledger.facts.split_by_relation(which, rows, tmp_path, 0), strict=True)}  # fmt: skip
    others = {"P136": "other_relations"} | ({"P26": "other_relations"} if name == "ALL" else {})
    rare = {"popqa_rare": "popqa_rare", "popqa_popular": "popqa_popular"}
    assert splits == {"P17": "asked_relations", **others, **rare}


def test_the_larger_model_has_at_least_100_m_parameters(ledger: Any) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    base = load_recipe("facts", list(ledger.facts.ALL.changes)).base
    assert base is not None
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(
            vocab_size=base.vocab_size, hidden_size=base.width, num_hidden_layers=base.layers,
            num_attention_heads=base.heads, intermediate_size=base.intermediate, tie_word_embeddings=True,
        ))  # fmt: skip
    assert 100e6 < model.num_parameters() == pytest.approx(125e6, rel=0.02)
