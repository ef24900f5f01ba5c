"""Loading models and tokenizers, as training uses it; how is decided in `eval/backends/models.py`."""

from __future__ import annotations

from ..eval.backends.models import check_adapter_folder, check_model_folder, end_token_ids, load_model, load_tokenizer

__all__ = ["check_adapter_folder", "check_model_folder", "end_token_ids", "load_model", "load_tokenizer"]
