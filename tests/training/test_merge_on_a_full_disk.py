"""Merging where the disk is full: one line, and nothing is left behind."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.extended
@pytest.mark.slow
def test_a_full_disk_while_merging_is_one_line_and_leaves_nothing(tiny_model: str, tmp_path: Path) -> None:
    from peft import get_peft_model

    from abstain.training.adapter import load_model, lora_config

    adapted: Any = get_peft_model(load_model(tiny_model), lora_config({"r": 4}))
    adapted.save_pretrained(str(tmp_path / "adapter"))

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # the weights take more

    out = tmp_path / "out" / "merged"
    out.parent.mkdir()
    words = [sys.executable, "-m", "abstain.recipes", "merge", str(tmp_path / "adapter"), "--out", str(out)]
    done = subprocess.run(words, preexec_fn=small_disk, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert f"error: {out}: could not be written (" in done.stderr
    assert "make room, or choose another --out" in done.stderr
    assert list(out.parent.iterdir()) == []
