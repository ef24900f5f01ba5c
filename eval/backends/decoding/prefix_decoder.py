"""Generation with what prompts share computed once, and a decoding loop of few steps and little overhead.

The rows of a batch are completions: the draws of its prompts. Their tokens are computed in three levels, each from the
cache of the one before: what all prompts begin with, what the prompts of a group begin with, and the prompts. It is a
batch padded on the left whose first columns come from elsewhere, so that positions and masks are those of plain
generation, and the numbers differ by rounding only.

Completions that are equal so far share a row: the draws of a prompt start in its one row, and part where their tokens
do. Few rows of the cache are copied for that, and when rows that ended are left out.

Shapes: R rows of a level, C columns from the cache, S columns computed; B completions, V vocabulary.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import Cache

from .kv_cache import ROOM, choose, common_length, gather, new_cache
from .pick import TokenSampler

Rows = NDArray[np.int64]

WORTH_SHARING = 8
"""Tokens that a level must save for each of its rows, to be worth a pass through the model of its own."""

TOLERANCE = {torch.float32: 1e-3, torch.float16: 0.1}
"""In nats, by the precision of the logits; else 0.25. A wrong position or mask is off by more, rounding by less."""


@dataclass(slots=True)
class Level:
    """Rows whose tokens are in the cache, at the right end of its columns."""

    cache: Cache
    lengths: list[int]
    """Tokens of each row."""
    logits: torch.Tensor
    """After each row's last token, (R, V)."""

    @property
    def width(self) -> int:
        """Columns of the cache."""
        return self.cache.get_seq_length()


class PrefixDecoder:
    """Generates for a causal language model whose cache can be expanded (`kv_cache.refusal` says whether)."""

    def __init__(self, model: Any, end_ids: Sequence[int], pad_id: int) -> None:
        """Take a model in evaluation mode; `end_ids` end a completion."""
        self.model, self.pad_id = model, pad_id
        self.device = torch.device(model.device)
        self.ends = list(end_ids)
        base: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
        known = inspect.signature(base.forward).parameters
        self.options: dict[str, Any] = {"logits_to_keep": 1} if "logits_to_keep" in known else {}
        self.takes_positions = "position_ids" in known

    def prefill(
        self, prompts: Sequence[list[int]], groups: Sequence[range], shared: Sequence[int], *, most: int = 0
    ) -> Level:
        """Return the level of the prompts, of which those of group g begin with the same `shared[g]` tokens.

        Its cache has room for `most` rows.
        """
        group_of = [g for g, members in enumerate(groups) for _ in members]
        longest = max(map(len, prompts))
        # Rows of a level have equally many tokens computed: the longest rest decides how much of a prefix is of use.
        rest = max(1, max(len(prompt) - shared[g] for prompt, g in zip(prompts, group_of, strict=True)))
        heads = [max(0, max(len(prompts[i]) for i in members) - rest) for members in groups]
        saved = len(prompts) * (longest - rest) - len(groups) * max(heads)
        if saved < WORTH_SHARING * len(groups):
            return self._rooted(prompts, most)
        prefixes = [prompts[members[0]][:head] for members, head in zip(groups, heads, strict=True)]
        # A group whose prompts are all short has no prefix in use; one token of it is computed all the same.
        prefixes = [prefix or prompts[members[0]][:1] for prefix, members in zip(prefixes, groups, strict=True)]
        return self._extend(self._rooted(prefixes), group_of, prompts, most)

    def difference(self, prompt: Sequence[int]) -> str | None:
        """Return in words how this differs from a plain pass over `prompt`, or None where it does not.

        Rows of three lengths, so that padding plays its part, are taken from one cache and go on by one token. What
        is compared is the log-probability of the likeliest token before and after it.
        """
        size = len(prompt)
        rows = [list(prompt), list(prompt[: size - size // 4]), list(prompt[: size // 2 + 1])]
        level = self._extend(self._extend(None, [0], [rows[0][: max(1, size // 3)]]), [0] * len(rows), rows)
        picked = level.logits.argmax(-1)
        mask = torch.nn.functional.pad(self._mask(level.lengths, level.width), (0, 1), value=1)
        after = self._forward(picked[:, None], mask, level.cache)
        found = torch.stack([level.logits, after], 1).float().log_softmax(-1)  # (R, 2, V)
        for row, token, scores in zip(rows, cast("list[int]", picked.tolist()), found, strict=True):
            ids = self._tensor([[*row, token]])
            plain = self.model(input_ids=ids, use_cache=False).logits[0, -2:].float().log_softmax(-1)
            best = plain.argmax(-1, keepdim=True)
            error = float((scores.gather(1, best) - plain.gather(1, best)).abs().max())
            if not error <= TOLERANCE.get(level.logits.dtype, 0.25):
                return f"its log-probabilities would differ by {error:.2g} from those without a cache"
        return None

    def _rooted(self, rows: Sequence[list[int]], most: int = 0) -> Level:
        """Return the level of `rows`, with what all of them begin with computed once where that is worth it."""
        first, last = min(rows), max(rows)  # in the order of tokens: what these two share, all between share
        root = min(common_length(first, last), min(map(len, rows)) - 1)
        if root * (len(rows) - 1) < WORTH_SHARING * len(rows):
            return self._extend(None, [0] * len(rows), rows)
        return self._extend(self._extend(None, [0], [first[:root]]), [0] * len(rows), rows, most)

    def _extend(
        self, above: Level | None, parents: Sequence[int], rows: Sequence[Sequence[int]], most: int = 0
    ) -> Level:
        """Return the level of `rows`, row r beginning with the tokens of row parents[r] of the level above."""
        known = [above.lengths[p] if above else 0 for p in parents]
        count = max(1, max(len(row) - k for row, k in zip(rows, known, strict=True)))  # S
        used = [max(0, len(row) - count) for row in rows]  # tokens taken from above
        cache = new_cache()
        if above and max(used):
            cache = gather(above.cache, self._tensor(parents), self._columns(above, parents, used), count + ROOM, most)
        tokens = [[self.pad_id] * (count - len(row)) + list(row[-count:]) for row in rows]
        lengths = [len(row) for row in rows]
        mask = self._mask(lengths, max(used) + count)
        return Level(cache, lengths, self._forward(self._tensor(tokens), mask, cache))

    def _columns(self, above: Level, parents: Sequence[int], used: Sequence[int]) -> torch.Tensor:
        """Return which columns of the level above a row takes, (R, C), its tokens at the right end."""
        width = max(used)
        lengths = self._tensor([above.lengths[p] for p in parents])[:, None]
        shift = above.width - lengths - (width - self._tensor(used)[:, None])  # (R, 1)
        return (torch.arange(width, device=self.device) + shift).clamp(min=0)

    def decode(self, level: Level, parents: Sequence[int], sampler: TokenSampler) -> None:
        """Pick the tokens of every completion with `choice`; completion b starts from row parents[b]."""
        cache, mask, logits = level.cache, self._mask(level.lengths, level.width), level.logits
        row_of = np.asarray(parents)
        tokens = sampler.next(logits, self._tensor(row_of))
        for _ in range(sampler.length - 1):
            picked = cast(Rows, tokens.cpu().numpy())
            going = ~np.isin(picked, self.ends)
            if not going.any():
                break
            if not going.all():
                sampler.keep(self._tensor(going.nonzero()[0]))
            rows, said, row_of = parted(row_of[going], picked[going], len(mask))
            moved = (rows != np.arange(len(rows))).nonzero()[0]
            if len(moved) or len(rows) != len(mask):
                source = self._tensor(rows)
                choose(cache, source, self._tensor(moved))
                mask = mask[source]
            mask = torch.nn.functional.pad(mask, (0, 1), value=1)
            logits = self._forward(self._tensor(said)[:, None], mask, cache)
            tokens = sampler.next(logits, self._tensor(row_of))

    def _forward(self, tokens: torch.Tensor, mask: torch.Tensor, cache: Cache) -> torch.Tensor:
        """Return the logits (R, V) after `tokens` (R, S), and append them to the cache; mask (R, C + S)."""
        options = dict(self.options)
        if self.takes_positions:
            options["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        output: Any = self.model(
            input_ids=tokens, attention_mask=mask, past_key_values=cache, use_cache=True, **options
        )
        return cast(torch.Tensor, output.logits)[:, -1]

    def _mask(self, lengths: Sequence[int], width: int) -> torch.Tensor:
        """Return 1 for the columns of a row's tokens, which stand at the right, and 0 for padding, (R, width)."""
        return (torch.arange(width, device=self.device) >= width - self._tensor(lengths)[:, None]).long()

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.as_tensor(values, device=self.device)


def parted(row_of: Rows, tokens: Rows, count: int) -> tuple[Rows, Rows, Rows]:
    """Return the new rows of completions that were in the rows `row_of` (B,) of `count` and go on with `tokens` (B,).

    Completions of one row that take the same token stay in one. What is returned is the old row of every new one, its
    token, and the new row of every completion. Rows stay where they are; what parts from a row takes a place that no
    completion needs, or a new one. Copying a row costs more than computing it in vain for a step, so rows that nobody
    needs are kept, with a token of no meaning, until they are half.

    Args:
        row_of: The row of every completion, (B,), below `count`.
        tokens: The next token of every completion, (B,).
        count: How many rows there are.

    >>> rows, said, row_of = parted(np.array([0, 2, 2, 2]), np.array([5, 6, 7, 6]), 3)
    >>> rows.tolist(), said.tolist(), row_of.tolist()
    ([0, 2, 2], [5, 7, 6], [0, 2, 1, 2])
    """
    base = int(tokens.max()) + 1
    pairs, inverse = np.unique(row_of * base + tokens, return_inverse=True)
    old, said = pairs // base, pairs % base
    size = len(pairs) if 2 * len(pairs) <= count else max(count, len(pairs))
    stays = np.r_[True, old[1:] != old[:-1]] & (old < size)  # the first of those of an old row, where it has its place
    free = np.ones(size, bool)
    free[old[stays]] = False
    place = np.empty(len(pairs), np.int64)
    place[stays], place[~stays] = old[stays], free.nonzero()[0][: int((~stays).sum())]
    rows, token = np.arange(size), np.full(size, said[0])
    rows[place], token[place] = old, said
    return rows, token, place[inverse]
