"""Where a killed stage goes on from, and what its log keeps."""

from __future__ import annotations

import json
from pathlib import Path

from abstain.training.progress import keep_until
from abstain.training.stage import last_checkpoint


def test_a_checkpoint_that_was_cut_off_while_it_was_written_is_passed_over(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    for step, text in ((5, '{"global_step": 5}'), (10, '{"global_step": 10}'), (15, '{"global_st'), (20, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if text is not None:
            (folder / "trainer_state.json").write_text(text)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")


def test_a_log_keeps_what_came_before_the_checkpoint_and_other_stages(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    rows = [{"stage": "base", "step": 30}, {"stage": "rl", "step": 5}, {"stage": "rl", "step": 6, "alarm": "x"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"stage": "rl", "st')
    keep_until(path, 5, "rl")
    assert [json.loads(line) for line in path.read_text().splitlines()] == rows[:2]
    keep_until(path, 5)
    assert [json.loads(line) for line in path.read_text().splitlines()] == rows[1:2]
    keep_until(tmp_path / "none.jsonl", 5)
    assert not (tmp_path / "none.jsonl").exists()
