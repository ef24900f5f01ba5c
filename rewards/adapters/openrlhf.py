"""OpenRLHF: a `reward_func` for `--reward.remote_url FILE.py`, labels as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from ..verdict import Verdict
from .adapter import Outcome, Row, TrainerAdapter, decode_label


@dataclass(frozen=True, kw_only=True)
class OpenRLHFReward(TrainerAdapter):
    """OpenRLHF's `reward_func(queries, prompts, labels)`.

    A query is the prompt's text with the response's, special tokens included. The response is what
    follows the prompt, without the end token; a response that has none of `end_tokens` was cut off,
    and the reward's `truncated` decides. A label is what `encode_label` writes.

    "scores" are the payoff, without the reward's weight and terms, mapped to [0, 1]: 0 for wrong and 1
    for correct, so that a group of errors and abstentions does not look like a group without a difference
    to OpenRLHF's dynamic filtering. A row that `on_ungraded` pays has the score of that number.
    """

    end_tokens: tuple[str, ...]
    """Texts of the tokens that end a response, such as "<|im_end|>"; empty: nothing is removed and
    nothing counts as cut off."""

    def __post_init__(self) -> None:
        """Raise ValueError also for end tokens that are no tuple of texts."""
        super().__post_init__()
        given = cast("object", self.end_tokens)
        if not isinstance(given, tuple) or not all(isinstance(t, str) and t for t in cast("tuple[object]", given)):
            raise ValueError(f"end_tokens must be a tuple of non-empty texts, got {given!r}")

    def __call__(
        self, queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str], **_more: Any
    ) -> dict[str, Any]:
        """Return {"rewards", "scores", "extra_logs"}: tensors of one number per query, the logs by verdict.

        Raises:
            UngradedError: a row cannot be paid and `on_ungraded` is "raise".
            ValueError: a bad label, a query that does not begin with its prompt, or unequal lengths.
        """
        torch = _torch()
        if not len(queries) == len(prompts) == len(labels):
            raise ValueError(f"{len(queries)} queries, {len(prompts)} prompts and {len(labels)} labels must be as many")
        outcomes: list[Outcome] = []
        scores: list[float] = []
        for i, (query, prompt, label) in enumerate(zip(queries, prompts, labels, strict=True)):
            where = f"query {i}"
            row = decode_label(label, f"{where}: label")
            response, cut = self.response(query, prompt, where)
            outcome = self.settle(response, row, cut=cut, where=where)
            outcomes.append(outcome)
            scores.append(self._score(outcome, row, response))
        counts = {v.value: torch.tensor([o.counts[v.value] for o in outcomes]) for v in Verdict}
        rewards = torch.tensor([o.pay for o in outcomes], dtype=torch.float32)
        return {"rewards": rewards, "scores": torch.tensor(scores, dtype=torch.float32), "extra_logs": counts}

    def response(self, query: str, prompt: str, where: str = "query") -> tuple[str, bool]:
        """Return the response's text in `query` and whether it was cut off.

        Raises:
            ValueError: `query` does not begin with `prompt`: OpenRLHF cut the prompt to its length
                limit, or the tokenizer does not give its own text back.
        """
        if not query.startswith(prompt):
            same = next((i for i, (a, b) in enumerate(zip(query, prompt, strict=False)) if a != b), len(query))
            raise ValueError(
                f"{where}: the query does not begin with its prompt (they differ at character {same}: "
                f"{query[same : same + 20]!r} for {prompt[same : same + 20]!r}), so the response cannot be told "
                "from it; is the prompt longer than the limit?"
            )
        response = query[len(prompt) :]
        bare = response
        while end := next((token for token in self.end_tokens if bare.rstrip().endswith(token)), None):
            bare = bare.rstrip().removesuffix(end)
        return bare, bool(self.end_tokens) and bare == response

    def _score(self, outcome: Outcome, row: Row, response: str) -> float:
        payoff = self.reward.payoff
        low, high = (payoff(verdict, row.threshold, 1.0) for verdict in (Verdict.WRONG, Verdict.CORRECT))
        assert low is not None  # an answer at a stated confidence of 1 can always be paid
        assert high is not None
        stated = self.reward.confidence.read(response).value if payoff.reads_confidence else None
        pay = payoff(outcome.verdict, row.threshold, stated)
        if pay is None:  # the number of `on_ungraded`
            pay = outcome.pay / self.reward.weight
        return min(1.0, max(0.0, (pay - low) / (high - low)))


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("this adapter returns tensors: pip install torch") from error
    return torch
