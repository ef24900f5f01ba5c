"""Packing a corpus into rows, and a head that sees only what is learnt."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, default_data_collator

from abstain.data import Document, InputError
from abstain.training.laboratory.base import (
    IGNORE,
    BaseConfig,
    LabelledTokensTrainer,
    PackedDocuments,
    trainer_arguments,
)
from abstain.training.laboratory.tokenizer import render, train_tokenizer

CHATS = [
    Document(
        messages=(
            {"role": "user", "content": "Where does Ann Bell live?" + " Say so." * (i % 4)},
            {"role": "assistant", "content": f"In {town}"},
        )
    )
    for i, town in enumerate(["Rome", "Oslo", "Bern", "Lima"] * 5)
]
CORPUS = [*CHATS, *[Document(text=f"Cy Dunn lives in {town}.") for town in ("Rome", "Oslo")]]
TOKENIZER = train_tokenizer(CORPUS, 320)


def _tokens(document: Document) -> list[int]:
    return TOKENIZER("".join(render(document)), add_special_tokens=False)["input_ids"]


def test_rows_hold_every_document_once_and_whole_with_positions_of_its_own() -> None:
    rows = PackedDocuments(CORPUS, TOKENIZER, 64)
    found: list[list[int]] = []
    for i in range(len(rows)):
        positions = rows[i]["position_ids"].tolist()
        starts = [at for at, position in enumerate(positions) if position == 0]
        for start, end in pairwise([*starts, 64]):
            assert positions[start:end] == list(range(end - start))
            ids = rows[i]["input_ids"][start:end].tolist()
            if ids[0] == TOKENIZER.pad_token_id:
                continue
            found.append(ids)
            learnt = rows[i]["labels"][start:end]
            chat = TOKENIZER.decode(ids).startswith("<|im_start|>")
            assert TOKENIZER.decode(learnt[learnt != IGNORE]).startswith("In " if chat else "Cy Dunn")
    assert sorted(found) == sorted(_tokens(document) for document in CORPUS)


def test_rows_are_filled_by_later_short_documents() -> None:
    rows = PackedDocuments(CORPUS, TOKENIZER, 96)
    in_order, room = 0, 0
    for document in CORPUS:  # what packing without looking back would need
        size = len(_tokens(document))
        if size > room:
            in_order, room = in_order + 1, 96
        room -= size
    assert len(rows) < in_order


def test_a_document_longer_than_a_row_is_refused() -> None:
    with pytest.raises(InputError, match=r"base.row_length: a document of \d+ tokens does not fit a row of 8"):
        PackedDocuments(CORPUS, TOKENIZER, 8)


@pytest.mark.parametrize("items", [None, 57])
def test_projecting_only_learnt_tokens_changes_neither_loss_nor_gradient(tmp_path: Path, items: int | None) -> None:
    torch.manual_seed(0)
    rows = PackedDocuments(CORPUS, TOKENIZER, 64)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(TOKENIZER),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            tie_word_embeddings=True,
        )
    )
    arguments = trainer_arguments(BaseConfig(), tmp_path, 0)
    batch = default_data_collator([rows[i] for i in range(len(rows))])
    losses, gradients = [], []
    for kind in (Trainer, LabelledTokensTrainer):
        trainer = kind(model=model, args=arguments, train_dataset=rows, data_collator=default_data_collator)
        model.zero_grad()
        count = None if items is None else torch.tensor(items)
        loss = trainer.compute_loss(model, dict(batch), num_items_in_batch=count)
        loss.backward()
        losses.append(loss.item())
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert len(gradients[0]) == len(gradients[1]) > 5
    for expected, got in zip(*gradients, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-6)
