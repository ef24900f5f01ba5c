"""ln p̂(r|c) of every candidate response of every prompt, with nothing computed twice that candidates share.

A batch of prompts goes through the model once. Then all candidates of a prompt go through it together, as a tree: each
node is one token that attends to its prompt, which is the root, and to the nodes above it. What the model is asked at a
node is the probability of each token that follows there, and of the end of the response; where several tokens end one,
they count together. Text has one tokenization here, the tokenizer's own.

Shapes: B prompts, P columns of the cache, M nodes, V vocabulary, K candidates, L nodes of the longest candidate.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from ..metrics.estimate import Array
from .decoding.kv_cache import common_length, refusal
from .decoding.prefix_decoder import TOLERANCE, Level, PrefixDecoder
from .models import end_token_ids


@dataclass(frozen=True, slots=True)
class Trie:
    """M nodes, every parent before its children; the prompt itself is node −1."""

    tokens: tuple[int, ...]
    """Of each node, (M,)."""
    parents: tuple[int, ...]
    """Node above each, −1 under the prompt, (M,)."""
    depths: tuple[int, ...]
    """0 directly after the prompt, (M,)."""
    paths: tuple[tuple[int, ...], ...]
    """The nodes of each candidate, from its first token to its last."""


def build_trie(candidates: Sequence[Sequence[int]]) -> Trie:
    """Return the trie of candidates given as token ids.

    Raises:
        ValueError: a candidate has no tokens, or two have the same.

    >>> trie = build_trie([[7, 1], [7, 2], [5]])
    >>> trie.tokens, trie.parents, trie.paths
    ((7, 1, 2, 5), (-1, 0, 0, -1), ((0, 1), (0, 2), (3,)))
    """
    known: dict[tuple[int, int], int] = {}  # (parent, token) → node
    tokens: list[int] = []
    parents: list[int] = []
    depths: list[int] = []
    paths: list[tuple[int, ...]] = []
    for ids in candidates:
        node, path = -1, list[int]()
        for depth, token in enumerate(ids):
            above, node = node, known.setdefault((node, token), len(tokens))
            if node == len(tokens):
                tokens.append(token)
                parents.append(above)
                depths.append(depth)
            path.append(node)
        if not path:
            raise ValueError("a candidate has no tokens")
        paths.append(tuple(path))
    if len(set(paths)) < len(paths):
        raise ValueError("two candidates have the same tokens")
    return Trie(tuple(tokens), tuple(parents), tuple(depths), tuple(paths))


Ids = Sequence[int]
BUDGET = 2**24
"""Logits that exist at once: 64 MiB in single precision, of which a pass holds about three."""
NODES = 2**12
"""Nodes that go through the model at once."""


@dataclass(frozen=True, slots=True)
class TrieBatch:
    """The trees of B prompts as tensors, padded to the largest."""

    tokens: torch.Tensor
    """(B, M)."""
    parents: torch.Tensor
    """−1 under the prompt, (B, M)."""
    depths: torch.Tensor
    """(B, M)."""
    attends: torch.Tensor
    """Whether node m sees node n, (B, M, M)."""
    paths: torch.Tensor
    """Nodes of each candidate, padded with M, (B, K, L)."""
    ends: torch.Tensor
    """Last node of each candidate, (B, K)."""


def _batch_tries(tries: Sequence[Trie], pad_id: int, device: torch.device) -> TrieBatch:
    """Return the trees as tensors; one that all prompts share is laid out once."""
    distinct = tries[:1] if all(trie is tries[0] for trie in tries) else tries
    size = max(len(trie.tokens) for trie in distinct)
    offered, longest = max(len(trie.paths) for trie in distinct), max(len(p) for trie in distinct for p in trie.paths)
    tokens, parents = np.full((len(distinct), size), pad_id), np.full((len(distinct), size), -1)
    depths, attends = (
        np.zeros((len(distinct), size), dtype=np.intp),
        np.zeros((len(distinct), size, size), dtype=np.bool_),
    )
    paths, ends = np.full((len(distinct), offered, longest), size), np.zeros((len(distinct), offered), dtype=np.intp)
    for b, trie in enumerate(distinct):
        count = len(trie.tokens)
        tokens[b, :count], parents[b, :count], depths[b, :count] = trie.tokens, trie.parents, trie.depths
        for node, parent in enumerate(trie.parents):
            attends[b, node] = attends[b, parent] if parent >= 0 else False
            attends[b, node, node] = True
        for k, path in enumerate(trie.paths):
            paths[b, k, : len(path)], ends[b, k] = path, path[-1]
    laid = (torch.from_numpy(a).to(device) for a in (tokens, parents, depths, attends, paths, ends))
    return TrieBatch(*(a.expand(len(tries), *a.shape[1:]) for a in laid))


def _refusal(model: Any) -> str | None:
    """Return why candidates cannot go through `model` as a tree, or None."""
    implementation = str(getattr(model.config.get_text_config(decoder=True), "_attn_implementation", "eager"))
    if implementation not in ("sdpa", "eager"):
        return f"its attention ({implementation}) takes no mask of one's own; load it with attn_implementation=sdpa"
    return refusal(model)


def _window(model: Any) -> int | None:
    """Return how far back the layers with a sliding window see; None without such layers."""
    config = model.config.get_text_config(decoder=True)
    kinds = getattr(config, "layer_types", None)
    window = getattr(config, "sliding_window", None)
    return int(window) if window and (kinds is None or "sliding_attention" in kinds) else None


class CandidateScorer:
    """Scores candidates with a causal language model, an adapter on it included."""

    def __init__(self, model: Any, tokenizer: Any, *, share_prefixes: bool = True, budget: int = BUDGET) -> None:
        """Take a loaded model (or `PeftModel`) and its tokenizer.

        Args:
            model: In any mode; it scores in evaluation mode and is left as it was.
            tokenizer: Of the model.
            share_prefixes: Score candidates as a tree. Where the model does not allow it, `plain_because` says why,
                with a warning, and every prompt goes through the model with each of its candidates, as it does
                when this is False.
            budget: Logits that exist at once, which bounds the memory.
        """
        self.model, self.tokenizer, self.budget = model, tokenizer, budget
        self.end_ids = list(end_token_ids(model, tokenizer))
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        self.pad_id = int(pad)
        self.decoder = PrefixDecoder(model, self.end_ids, self.pad_id)
        self.vocabulary = int(model.get_output_embeddings().weight.shape[0])
        self.plain_because: str | None = _refusal(model) if share_prefixes else "share_prefixes is off"
        """Why prefixes are not shared; None where they are."""
        self._checked = False
        self._window = _window(model)
        if share_prefixes and self.plain_because:
            self._plainly(self.plain_because)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of rendered prompts or of candidates, without special tokens added."""
        return self.tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False)["input_ids"]

    def score(self, prompts: Sequence[Ids], candidates: Sequence[Sequence[Ids]]) -> Iterator[tuple[int, Array]]:
        """Yield (number of the prompt, ln p̂ of its candidates (K,), in nats), batch by batch and in any order.

        Args:
            prompts: Token ids of each rendered prompt.
            candidates: Of each prompt. Prompts that share one list object share its tree.

        Raises:
            ValueError: a candidate has no tokens, or two of a prompt have the same.
        """
        tries: dict[int, list[tuple[range, Trie]]] = {}
        for offered in candidates:
            if id(offered) not in tries:
                tries[id(offered)] = self._tries(offered)
        order = sorted(range(len(prompts)), key=lambda i: (len(prompts[i]), i))
        with self._evaluating():
            if self.plain_because is None and order:
                self._check(prompts, candidates, order[0])
            if self.plain_because is not None:
                for i in order:
                    yield i, self._plain_scores(prompts[i], candidates[i])
                return
            for batch in self._batches(order, [tries[id(offered)] for offered in candidates]):
                level = self._prefill([list(prompts[i]) for i in batch])
                scores = self._pieces(level, [tries[id(candidates[i])] for i in batch])
                yield from zip(batch, scores, strict=True)

    def _tries(self, offered: Sequence[Ids]) -> list[tuple[range, Trie]]:
        """Return the candidates in parts of a tree each, none with more nodes than fit."""
        room = max(1, min(NODES, self.budget // self.vocabulary))
        whole = build_trie(offered)
        if len(whole.tokens) <= room:
            return [(range(len(offered)), whole)]
        parts: list[tuple[range, Trie]] = []
        start = 0
        while start < len(offered):
            end, nodes = start + 1, len(offered[start])
            while end < len(offered) and nodes + len(offered[end]) <= room:  # at most, as if nothing were shared
                nodes, end = nodes + len(offered[end]), end + 1
            parts.append((range(start, end), build_trie(offered[start:end])))
            start = end
        return parts

    def _batches(self, order: Sequence[int], tries: Sequence[list[tuple[range, Trie]]]) -> Iterator[list[int]]:
        """Yield prompts whose trees, each as large as the largest, go through the model together."""
        room = max(1, min(NODES, self.budget // self.vocabulary))
        batch: list[int] = []
        largest = 0
        for i in order:
            size = max(len(trie.tokens) for _, trie in tries[i])
            if batch and max(largest, size) * (len(batch) + 1) > room:
                yield batch
                batch, largest = [], 0
            batch.append(i)
            largest = max(largest, size)
        if batch:
            yield batch

    def _prefill(self, rows: list[list[int]]) -> Level:
        first, last = min(rows), max(rows)
        return self.decoder.prefill(rows, [range(len(rows))], [common_length(first, last)])

    def _pieces(self, level: Level, tries: Sequence[list[tuple[range, Trie]]]) -> list[Array]:
        """Return ln p̂ of the candidates of every prompt of `level`, part after part of their trees."""
        scores_of_prompts = [np.empty(sum(len(part) for part, _ in parts)) for parts in tries]
        for number in range(max(map(len, tries))):
            having = [b for b, parts in enumerate(tries) if number < len(parts)]
            scores = self._tree_scores(level, [parts[min(number, len(parts) - 1)][1] for parts in tries])
            for b in having:
                part, _ = tries[b][number]
                scores_of_prompts[b][part.start : part.stop] = scores[b][: len(part)]
        return scores_of_prompts

    def _tree_scores(self, level: Level, tries: Sequence[Trie]) -> Array:
        """Return ln p̂, (B, K), of one tree for every prompt; rows of shorter lists are padded."""
        tree = _batch_tries(tries, self.pad_id, self.decoder.device)
        logits = self._forward(level, tree)  # (B, M, V)
        norm = logits.logsumexp(-1)  # (B, M)
        ended = logits[..., self.end_ids].logsumexp(-1) - norm
        above = tree.parents.clamp(min=0)
        rows = torch.arange(len(above), device=above.device)[:, None]
        root = level.logits.float()
        under_root = root.gather(1, tree.tokens) - root.logsumexp(-1, keepdim=True)
        under_node = logits[rows, above, tree.tokens] - norm.gather(1, above)
        token_scores = torch.where(tree.parents < 0, under_root, under_node)  # (B, M)
        token_scores = torch.nn.functional.pad(token_scores, (0, 1))  # node M, with which paths are padded
        total = token_scores.gather(1, tree.paths.flatten(1)).view(tree.paths.shape).sum(-1) + ended.gather(
            1, tree.ends
        )
        return cast(Array, total.double().cpu().numpy())

    def _forward(self, level: Level, tree: TrieBatch) -> torch.Tensor:
        """Return the logits, (B, M, V), at every node; the cache of `level` is afterwards as it was."""
        width = level.width
        lengths = self._tensor(level.lengths)[:, None]
        prompt = torch.arange(width, device=lengths.device) >= width - lengths  # (B, P)
        seen = torch.cat([prompt[:, None].expand(-1, tree.tokens.shape[1], -1), tree.attends], dim=-1)
        dtype = self.model.dtype
        mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(~seen, torch.finfo(dtype).min)
        output: Any = self.model(
            input_ids=tree.tokens,
            attention_mask=mask[:, None],  # (B, 1, M, P + M)
            position_ids=lengths + tree.depths,
            past_key_values=level.cache,
            use_cache=True,
        )
        for layer in cast("list[Any]", level.cache.layers):
            layer.use(layer.rows, width)
        return cast(torch.Tensor, output.logits).float()

    def _plain_scores(self, prompt: Ids, candidates: Sequence[Ids]) -> Array:
        """Return ln p̂, (K,), each candidate behind the whole prompt."""
        longest = len(prompt) + max(map(len, candidates))
        size = max(1, min(NODES, self.budget // self.vocabulary) // longest)
        parts = [candidates[start : start + size] for start in range(0, len(candidates), size)]
        return np.concatenate([self._plain_batch(list(prompt), part) for part in parts])

    def _plain_batch(self, prompt: list[int], candidates: Sequence[Ids]) -> Array:
        width = len(prompt) + max(map(len, candidates))
        rows = [prompt + list(ids) + [self.pad_id] * (width - len(prompt) - len(ids)) for ids in candidates]
        mask = [[1] * (len(prompt) + len(ids)) + [0] * (width - len(prompt) - len(ids)) for ids in candidates]
        tokens = self._tensor(rows)
        output: Any = self.model(input_ids=tokens, attention_mask=self._tensor(mask), use_cache=False)
        logits = cast(torch.Tensor, output.logits)[:, len(prompt) - 1 :].float().log_softmax(-1)
        token_scores = logits[:, :-1].gather(-1, tokens[:, len(prompt) :, None])[..., 0]  # (K, L)
        sizes = self._tensor([len(ids) for ids in candidates])
        within = torch.arange(token_scores.shape[1], device=tokens.device) < sizes[:, None]
        ended = logits[torch.arange(len(rows), device=tokens.device), sizes][:, self.end_ids].logsumexp(-1)
        return cast(Array, (torch.where(within, token_scores, 0.0).sum(-1) + ended).double().cpu().numpy())

    def _check(self, prompts: Sequence[Ids], candidates: Sequence[Sequence[Ids]], shortest: int) -> None:
        """Compare the tree, once, with whole sequences: a model may count positions or attend in a way of its own."""
        if self._window is not None:
            longest = max(len(ids) + max(map(len, own)) for ids, own in zip(prompts, candidates, strict=True))
            if longest > self._window:
                return self._plainly(f"its layers see {self._window} tokens back, and the longest text has {longest}")
        if not self._checked:
            self._checked = True
            self._compare(prompts[shortest], candidates[shortest])
        return None

    def _compare(self, prompt: Ids, candidates: Sequence[Ids]) -> None:
        few = [candidates[i] for i in sorted({0, len(candidates) // 2, len(candidates) - 1})]
        shorter = list(prompt)[len(prompt) // 3 :]  # so that padding plays its part
        level = self._prefill([list(prompt), shorter])
        tree = self._tree_scores(level, [build_trie(few)] * 2)
        plain = np.stack([self._plain_scores(ids, few) for ids in (prompt, shorter)])
        error = float(np.abs(tree - plain).max())
        if not error <= TOLERANCE.get(self.model.dtype, 0.25):
            self._plainly(f"scores would differ by {error:.2g} nats from those of whole sequences")

    def _plainly(self, reason: str) -> None:
        self.plain_because = reason
        warnings.warn(f"candidates do not share their prompt's prefix, because {reason}", stacklevel=3)

    @contextmanager
    def _evaluating(self) -> Generator[None]:
        training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode():
                yield
        finally:  # also where the caller takes no more scores
            self.model.train(training)

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.as_tensor(values, device=self.decoder.device)
