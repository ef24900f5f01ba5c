from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from golden import CASES, Case, differing

from abstain.rewards import AbstentionReward, ConfidenceTarget, FormatBonus, Ternary
from abstain.rewards.adapters import OpenRLHFReward, encode_label

torch = pytest.importorskip("torch")

NAMED = -0.125
END = "<|im_end|>"
PROMPT = "<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
NAMES = ("correct", "wrong", "abstained", "ungraded")


def adapter(case: Case) -> OpenRLHFReward:
    return OpenRLHFReward(reward=case.reward(), on_ungraded=NAMED, end_tokens=(END,))


def call_of(case: Case) -> tuple[str, str, str]:
    """Return query, prompt and label as OpenRLHF hands them over."""
    prompt = PROMPT.format(question=case.question)
    response = case.completion + ("" if case.cut else END)
    return prompt + response, prompt, encode_label(case.answers, case.t, case.choices)


def read(out: dict[str, Any], i: int = 0) -> tuple[str, float | None]:
    reward = out["rewards"][i].item()
    (verdict,) = [name for name in NAMES if out["extra_logs"][name][i] == 1]
    return verdict, None if reward == NAMED else reward


def test_the_table_through_openrlhfs_call() -> None:
    def run(case: Case) -> tuple[str, float | None]:
        query, prompt, label = call_of(case)
        return read(adapter(case)([query], [prompt], [label]))

    assert differing(CASES, run) == []


def test_a_batch_is_its_rows() -> None:
    cases = [
        case for case in CASES if case.payoff == CASES[0].payoff and case.grader == "short-answer" and not case.cut
    ]
    queries, prompts, labels = zip(*map(call_of, cases), strict=True)
    out = adapter(cases[0])(queries, prompts, labels)
    assert out["rewards"].shape == out["scores"].shape == (len(cases),)
    assert differing(cases, lambda case: read(out, cases.index(case))) == []


def test_scores_are_the_pay_on_a_scale_from_wrong_to_correct() -> None:
    label = encode_label(["Paris"], 0.75)
    for payoff in (ConfidenceTarget(), ConfidenceTarget(bounded=False)):
        reward = OpenRLHFReward(reward=AbstentionReward(payoff=payoff), on_ungraded="raise", end_tokens=())
        out = reward(["?Paris", "?Rome", "?I don't know"], ["?"] * 3, [label] * 3)
        # The pay runs from -0.75 to 0.25 (or -3 to 1), so 0 lies at three quarters of the way.
        assert out["scores"].tolist() == pytest.approx([1.0, 0.0, 0.75])
    bonus = FormatBonus(amount=1.0, pattern="P|R|I")
    parts = OpenRLHFReward(
        reward=AbstentionReward(weight=0.1, terms=(bonus,)), on_ungraded="raise", end_tokens=()
    )  # a weight and a bonus change the rewards, not the scores
    out = parts(["?Paris", "?Rome", "?I don't know"], ["?"] * 3, [label] * 3)
    assert out["rewards"].tolist() == pytest.approx([1.025, 0.925, 1.0])
    assert out["scores"].tolist() == pytest.approx([1.0, 0.0, 0.75])
    named = OpenRLHFReward(
        reward=AbstentionReward(payoff=Ternary(correct=1, abstained=0, wrong=-1)), on_ungraded=-5, end_tokens=(END,)
    )
    out = named(["?Paris"], ["?"], [label])
    assert (out["rewards"].item(), out["scores"].item()) == (-5, 0)


def test_the_response_is_exactly_what_follows_the_prompt() -> None:
    reward = OpenRLHFReward(reward=AbstentionReward(), on_ungraded="raise", end_tokens=(END, "</s>"))
    assert reward.response("Q: Paris? A: Paris</s>", "Q: Paris? A: ") == ("Paris", False)
    assert reward.response(f"A:Paris{END}\n</s>", "A:") == ("Paris", False)  # a template's line end between end tokens
    assert reward.response("A:Paris", "A:") == ("Paris", True)
    assert reward.response("A:A:Paris</s>", "A:") == ("A:Paris", False)
    assert reward.response("A:</s>", "A:") == ("", False)
    unchecked = OpenRLHFReward(reward=AbstentionReward(), on_ungraded="raise", end_tokens=())
    assert unchecked.response("A:Paris", "A:") == ("Paris", False)


def test_a_query_that_lost_its_prompt_is_refused_with_the_place() -> None:
    reward = OpenRLHFReward(reward=AbstentionReward(), on_ungraded="raise", end_tokens=())
    with pytest.raises(
        ValueError, match=r"query 1: the query does not begin with its prompt \(they differ at character 0: 'tal"
    ):
        reward(["Capital? Paris", "tal? Paris"], ["Capital? "] * 2, [encode_label(["Paris"], 0.5)] * 2)


def test_end_tokens_are_a_tuple_of_texts() -> None:
    for wrong in ("</s>", ["</s>"], ("",), (2,)):
        with pytest.raises(ValueError, match="end_tokens must be a tuple of non-empty texts, got"):
            OpenRLHFReward(reward=AbstentionReward(), on_ungraded="raise", end_tokens=wrong)  # type: ignore[arg-type]


def test_errors_name_the_query() -> None:
    reward = OpenRLHFReward(reward=AbstentionReward(), on_ungraded="raise", end_tokens=())
    with pytest.raises(ValueError, match="query 0: label: expected the JSON that encode_label"):
        reward(["?Paris"], ["?"], [""])
    with pytest.raises(ValueError, match="2 queries, 1 prompts and 1 labels"):
        reward(["?Paris"] * 2, ["?"], ["{}"])


FILE = """
from golden import CASES
from abstain.rewards.adapters import OpenRLHFReward

ADAPTER = OpenRLHFReward(reward=CASES[{number}].reward(), on_ungraded={named}, end_tokens=({end!r},))

def reward_func(queries, prompts, labels, **kwargs):
    return ADAPTER(queries, prompts, labels, **kwargs)
"""


def test_the_table_through_openrlhfs_own_executor(tmp_path: Path) -> None:
    """OpenRLHF reads `reward_func` from a file and calls it with the decoded sequence, in a thread."""
    agent = pytest.importorskip("openrlhf.utils.agent")

    class CharacterTokenizer:
        def __call__(self, text: str, add_special_tokens: bool, return_tensors: str) -> dict[str, Any]:
            return {"input_ids": torch.tensor([[ord(c) for c in text]])}

        def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
            assert not skip_special_tokens
            return "".join(map(chr, ids))

    async def run_all() -> dict[str, tuple[str, float | None]]:
        found = {}
        for number, case in enumerate(CASES):
            query, prompt, label = call_of(case)
            response = query.removeprefix(prompt)
            file = tmp_path / f"reward_{number}.py"
            file.write_text(FILE.format(number=number, named=NAMED, end=END), encoding="utf-8")
            generated = SimpleNamespace(
                token_ids=[ord(c) for c in response], finish_reason="length" if case.cut else "stop", logprobs=None
            )

            async def generate(*_: Any, generated: Any = generated, **__: Any) -> Any:
                return SimpleNamespace(outputs=[generated])

            executor = agent.SingleTurnAgentExecutor(str(file))
            out = await executor.execute(
                prompt,
                label,
                SimpleNamespace(max_tokens=100, logprobs=None),
                10_000,
                CharacterTokenizer(),
                SimpleNamespace(generate=generate),
            )
            assert torch.tensor([out["reward"]]).shape == (1,)  # how OpenRLHF stores it
            found[case.id] = read({"rewards": out["reward"], "extra_logs": out["extra_logs"]})
            assert 0 <= out["scores"].item() <= 1
        return found

    found = asyncio.run(run_all())
    assert differing(CASES, lambda case: found[case.id]) == []
