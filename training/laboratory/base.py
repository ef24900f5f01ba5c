"""Pre-training of a laboratory model from scratch: tokenizer, Llama architecture, one pass over a corpus.

What comes out is an ordinary model folder. Nothing downstream knows that it is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch.nn.functional import cross_entropy
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    default_data_collator,
)

from ...data import Document, InputError
from ..config import TRAINER_DEFAULTS, BaseConfig
from ..preflight.findings import build_arguments
from ..processes import save_policy
from ..progress import StageLog
from ..stage import fit
from .muon import MuonWithAdamW
from .tokenizer import render, train_tokenizer

IGNORE = -100
"""The label a cross-entropy leaves out."""
OPEN_ROWS = 16
"""Rows that packing looks at: enough that padding is a few per cent, few enough to keep the corpus' order."""


class PackedDocuments(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """The corpus in rows of equal length, whole documents only; none sees another.

    Position ids start again with every document, from which transformers derives the attention
    mask (no `attention_mask` may be passed beside them). Every token of a plain text is learnt, of
    a chat the assistant's turn. Rows mix kinds of documents, which batches of equal length do not.
    """

    def __init__(self, documents: Sequence[Document], tokenizer: PreTrainedTokenizerFast, length: int) -> None:
        """Tokenize and pack `documents` in order; InputError for one longer than `length` tokens."""
        rows: list[tuple[list[int], list[int], list[int]]] = []  # ids, labels, positions
        unfilled: list[int] = []  # the last few rows; a document goes into the first with room
        for start in range(0, len(documents), 10_000):
            pairs = [render(d) for d in documents[start : start + 10_000]]
            prompts = _token_ids(tokenizer, [prompt for prompt, _ in pairs])
            learnt = _token_ids(tokenizer, [text for _, text in pairs])
            for prompt, ids in zip(prompts, learnt, strict=True):
                size = len(prompt) + len(ids)
                if size > length:
                    raise InputError(f"base.row_length: a document of {size} tokens does not fit a row of {length}")
                at = next((i for i in unfilled if len(rows[i][0]) + size <= length), len(rows))
                if at == len(rows):
                    rows.append(([], [], []))
                    unfilled = [*unfilled[-OPEN_ROWS + 1 :], at]
                rows[at][0].extend(prompt + ids)
                rows[at][1].extend([IGNORE] * len(prompt) + ids)
                rows[at][2].extend(range(size))
        pad = cast(int, tokenizer.pad_token_id)
        self.ids = torch.tensor([ids + [pad] * (length - len(ids)) for ids, _, _ in rows])  # each (rows, length)
        self.labels = torch.tensor([labels + [IGNORE] * (length - len(labels)) for _, labels, _ in rows])
        # The padding is a document of its own: its positions start at 0 too.
        self.positions = torch.tensor([at + list(range(length - len(at))) for _, _, at in rows])

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self.ids[index], "labels": self.labels[index], "position_ids": self.positions[index]}


def _token_ids(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> list[list[int]]:
    return cast("list[list[int]]", tokenizer(texts, add_special_tokens=False)["input_ids"])


def trainer_arguments(config: BaseConfig, out: Path, seed: int) -> TrainingArguments:
    """Return the training arguments of the stage; InputError names a field they refuse.

    Args:
        config: The recipe's section.
        out: The folder of checkpoints.
        seed: The run's seed.
    """
    settings = {**TRAINER_DEFAULTS, "use_cpu": not torch.cuda.is_available(), **config.trainer}
    return build_arguments("base.trainer", TrainingArguments, settings, output_dir=str(out), seed=seed)


class SavedAt(TrainerCallback):
    """Saves a checkpoint after the given steps, beside those that the trainer's own settings ask for."""

    def __init__(self, steps: Sequence[int]) -> None:
        """Take the numbers of the steps, of which the first is 1."""
        self.steps = frozenset(steps)

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Ask for a checkpoint."""
        control.should_save = control.should_save or state.global_step in self.steps


class LabelledTokensTrainer(Trainer):
    """Projects only the learnt tokens through the LM head; the loss and its gradient are the same.

    In a corpus of chats most tokens are prompt, and in a small model the head is a large part of the work.
    """

    muon_learning_rate: float | None = None
    """Trains the weight matrices by Muon, where given."""

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Return the optimizer: the trainer's own, or Muon beside AdamW."""
        if self.muon_learning_rate is None:
            return super().create_optimizer(*(() if model is None else (model,)))  # transformers 5.0 takes none
        self.optimizer = MuonWithAdamW(
            model if model is not None else self.model,
            muon_learning_rate=self.muon_learning_rate,
            learning_rate=self.args.learning_rate,
            betas=(self.args.adam_beta1, self.args.adam_beta2),
            eps=self.args.adam_epsilon,
            weight_decay=self.args.weight_decay,
        )
        return self.optimizer

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the mean loss over learnt tokens, of the whole accumulated batch where its size is given."""
        if return_outputs or model is not self.model or "labels" not in inputs:  # wrapped: hooks need its forward
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        following = inputs["labels"][:, 1:]
        learnt = following != IGNORE
        rest = {key: value for key, value in inputs.items() if key != "labels"}
        hidden = model.model(**rest, use_cache=False).last_hidden_state[:, :-1]
        count = int(learnt.sum()) if num_items_in_batch is None else num_items_in_batch
        return cross_entropy(model.lm_head(hidden[learnt]), following[learnt], reduction="sum") / count


def train_base(
    documents: Sequence[Document],
    config: BaseConfig,
    out: Path,
    *,
    checkpoints: Path,
    seed: int,
    resume: bool = False,
    log: StageLog | None = None,
    save_at: Sequence[int] = (),
) -> None:
    """Train a model on `documents` and save it, with its tokenizer, as the model folder `out`.

    Checkpoints go to the folder `checkpoints` when `config.trainer` asks for them, and after the steps `save_at`;
    `resume` goes on from the last.

    Args:
        documents: The whole corpus; the tokenizer is trained on it too.
        config: Size of the model, and the settings of its training.
        out: The model's folder.
        checkpoints: The folder of checkpoints.
        seed: Of the initial weights and of the order of documents.
        resume: Go on from the last checkpoint.
        log: Gets the entries of the trainer.
        save_at: Steps after which a checkpoint is kept beside those of `config.trainer`.
    """
    tokenizer = train_tokenizer(documents, config.vocab_size)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.width,
            intermediate_size=config.intermediate,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            max_position_embeddings=1024,
            initializer_range=config.initializer_range,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=cast(int, tokenizer.eos_token_id),
            pad_token_id=cast(int, tokenizer.pad_token_id),
        )
    )
    arguments = trainer_arguments(config, checkpoints, seed)
    trainer = LabelledTokensTrainer(
        model=model,
        args=arguments,
        train_dataset=PackedDocuments(documents, tokenizer, config.row_length),
        data_collator=default_data_collator,
    )
    trainer.muon_learning_rate = config.muon_learning_rate
    if save_at:
        trainer.add_callback(SavedAt(save_at))
    fit(trainer, checkpoints, resume=resume, log=log)
    save_policy(model, trainer, out, tokenizer)
