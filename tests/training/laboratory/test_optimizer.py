"""Muon beside AdamW, driven as one optimizer."""

from __future__ import annotations

import copy

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from abstain.training.laboratory.muon import Muon, MuonWithAdamW, orthogonalized

IDS = torch.arange(24).reshape(2, 12)


def _model(tied: bool = True) -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=32,
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=1,
            num_attention_heads=2,
            tie_word_embeddings=tied,
        )
    )


def _optimizer(model: LlamaForCausalLM) -> MuonWithAdamW:
    return MuonWithAdamW(model, muon_learning_rate=0.1, learning_rate=0.01, betas=(0.9, 0.98), weight_decay=0.01)


def _step(model: LlamaForCausalLM, optimizer: MuonWithAdamW) -> None:
    model(input_ids=IDS, labels=IDS).loss.backward()
    optimizer.step()
    optimizer.zero_grad()


@pytest.mark.parametrize("tied", [True, False])
def test_matrices_go_to_muon_and_embeddings_head_and_norms_to_adamw(tied: bool) -> None:
    model = _model(tied)
    muon, adamw = _optimizer(model).parts
    names = {id(p): name for name, p in model.named_parameters()}
    by_muon = {names[id(p)] for group in muon.param_groups for p in group["params"]}
    by_adamw = {names[id(p)] for group in adamw.param_groups for p in group["params"]}
    assert {name.split(".")[-2] for name in by_muon} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip
    assert all("norm" in name or "embed" in name or "lm_head" in name for name in by_adamw)
    assert sorted([*by_muon, *by_adamw]) == sorted(names.values())


def test_a_schedule_scales_both_learning_rates() -> None:
    optimizer = _optimizer(_model())
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 if step == 0 else 0.5)
    optimizer.step()
    schedule.step()
    assert [part.param_groups[0]["lr"] for part in optimizer.parts] == [0.05, 0.005]


def test_an_update_of_a_matrix_has_singular_values_near_one_times_the_rate() -> None:
    model = _model()
    weight = model.model.layers[0].self_attn.q_proj.weight
    before = weight.detach().clone()
    optimizer = MuonWithAdamW(model, muon_learning_rate=0.1, learning_rate=0.01)
    _step(model, optimizer)
    found = torch.linalg.svdvals(before - weight.detach()) / 0.1
    # Newton-Schulz with Muon's coefficients leaves them in about (0.7, 1.2) wherever the gradient has full rank.
    assert found[: len(found) // 2].min() > 0.6
    assert found.max() < 1.3


def test_a_restored_optimizer_takes_the_same_next_step_under_its_schedule() -> None:
    model = _model()
    optimizer = _optimizer(model)
    for _ in range(2):
        _step(model, optimizer)
    twin = _model()
    twin.load_state_dict(copy.deepcopy(model.state_dict()))
    restored = _optimizer(twin)
    restored.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for group in (*optimizer.param_groups, *restored.param_groups):
        group["lr"] *= 0.5  # reaches the parts of the restored one too
    _step(model, optimizer)
    _step(twin, restored)
    for expected, got in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=0)


def test_orthogonalizing_applies_the_quintic_five_times_to_every_singular_value() -> None:
    # Of a diagonal matrix the singular values are its entries: 0.6 and 0.8 of a Frobenius norm of 1.
    expected = [0.6, 0.8]
    for _ in range(5):
        expected = [3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5 for s in expected]
    for rows in (2, 3):  # the second is taller than wide
        matrix = torch.zeros(rows, 2)
        matrix[0, 0], matrix[1, 1] = 3.0, 4.0
        found = orthogonalized(matrix)
        torch.testing.assert_close(found[:2], torch.diag(torch.tensor(expected)), rtol=1e-4, atol=1e-5)


def test_a_first_step_on_a_tall_matrix_is_the_root_of_its_shape_times_the_rate() -> None:
    weight = torch.nn.Parameter(torch.zeros(4, 1))
    weight.grad = torch.tensor([[2.0], [0.0], [0.0], [0.0]])
    Muon([weight], lr=0.1).step()
    size = 1.0  # of the only singular value, before the quintic
    for _ in range(5):
        size = 3.4445 * size - 4.7750 * size**3 + 2.0315 * size**5
    assert weight[:, 0].tolist() == pytest.approx([-0.1 * 2 * size, 0, 0, 0], abs=1e-6)
