from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.eval.backends.backend import Prompt
from abstain.eval.backends.decoding import kv_cache as shared_prefix
from abstain.eval.backends.decoding.batches import GenerationRequest, batches, windows
from abstain.eval.backends.decoding.kv_cache import common_length, group_by_prefix

IDS = st.lists(st.integers(0, 2), min_size=1, max_size=6)


def saved(prompts: list[list[int]], cut: list[range]) -> int:
    """Return the tokens shared within the groups beyond those that all prompts share, by the definition."""
    everywhere = min((common_length(prompts[0], other) for other in prompts[1:]), default=0)
    total = 0
    for group in cut:
        shared = min(common_length(prompts[group[0]], prompts[i]) for i in group) if len(group) > 1 else everywhere
        total += (len(group) - 1) * (shared - everywhere)
    return total


@given(st.lists(IDS, min_size=1, max_size=7))
def test_no_other_cut_into_groups_shares_more_tokens(prompts: list[list[int]]) -> None:
    best = group_by_prefix(prompts)
    assert [i for group in best for i in group] == list(range(len(prompts)))
    for mask in range(2 ** (len(prompts) - 1)):  # every way to cut
        ends = [i + 1 for i in range(len(prompts) - 1) if mask >> i & 1] + [len(prompts)]
        cut = [range(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        assert saved(prompts, cut) <= saved(prompts, best)


def test_a_question_and_its_targets_are_one_group_whatever_the_template_begins_with() -> None:
    system = [9] * 40
    prompts = [[*system, q, q, q, q, 7, t] for q in range(5) for t in range(3)]
    assert group_by_prefix(prompts) == [range(3 * q, 3 * q + 3) for q in range(5)]
    assert group_by_prefix([]) == []


def test_groups_are_no_longer_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_prefix, "LONGEST", 4)
    groups = group_by_prefix([[0], *([5, 5, 5, i] for i in range(10))])
    assert max(map(len, groups)) == 4
    assert sum(map(len, groups)) == 11


@given(
    st.lists(st.tuples(IDS, st.integers(1, 6)), min_size=1, max_size=8),
    st.integers(1, 5),
)
def test_batches_hold_every_completion_once_and_are_no_larger_than_allowed(
    prompts: list[tuple[list[int], int]], size: int
) -> None:
    requests = [GenerationRequest(number, str(ids), ids, tuple(range(k))) for number, (ids, k) in enumerate(prompts)]
    found = list(batches(requests, size))
    assert all(batch.size <= size for batch in found)
    drawn = sorted((one.number, draw) for batch in found for one in batch.requests for draw in one.draws)
    assert drawn == sorted((one.number, draw) for one in requests for draw in one.draws)
    for batch in found:
        assert [i for group in batch.groups for i in group] == list(range(len(batch.requests)))
        for group, shared in zip(batch.groups, batch.shared, strict=True):
            assert len({tuple(batch.requests[i].ids[:shared]) for i in group}) == 1


def test_windows_hold_so_many_completions_and_nothing_wanted_is_an_error() -> None:
    prompts = [Prompt([], tuple(range(k))) for k in (3, 1, 2, 1)]
    assert [[number for number, _ in window] for window in windows(iter(prompts), 4)] == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="prompt 1 has no draws"):
        list(windows([Prompt([]), Prompt([], ())], 4))
