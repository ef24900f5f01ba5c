"""What a reward can see of the trainer that calls it.

TRL hands a reward function two methods of the trainer, `log_metric` and `log_extra`, and a bound method knows its
object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast


def trainer_behind(*loggers: object) -> Any:
    """Return the trainer whose methods `log_metric` and `log_extra` are; None where they are nobody's, or not given."""
    owners = (getattr(logger, "__self__", None) for logger in loggers)
    return next((owner for owner in owners if hasattr(owner, "args")), None)


def end_token_ids(trainer: Any) -> tuple[int, ...]:
    """Return the ids that end a completion of the trainer's model, ascending; empty where they cannot be found.

    They are those that TRL itself stops at, and the padding's, which stands behind them: the trainer's, the tokenizer's
    (of a processor too) and the generation config's.
    """
    processing = getattr(trainer, "processing_class", None)
    tokenizer = getattr(processing, "tokenizer", processing)
    config = getattr(getattr(trainer, "model", None), "generation_config", None)
    named = (
        getattr(trainer, "eos_token_ids", None),
        getattr(trainer, "eos_token_id", None),
        getattr(tokenizer, "eos_token_id", None),
        getattr(config, "eos_token_id", None),
    )
    ends = {token for ids in named for token in _ids(ids)}
    return tuple(sorted(ends | set(_ids(getattr(tokenizer, "pad_token_id", None))))) if ends else ()


def _ids(value: object) -> Iterable[int]:
    if isinstance(value, int):
        return (value,)
    return cast("Iterable[int]", value) if isinstance(value, list | tuple | set | frozenset) else ()
