"""The endpoint backend against a real server: `transformers serve` on the tiny model."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from abstain.data import InputError, PromptStyle, Question
from abstain.eval.backends.backend import Prompt
from abstain.eval.backends.opening import open_backend
from abstain.eval.sweep.sweep import Sweep, run_sweep
from abstain.rewards import Verdict, alias_match

pytestmark = pytest.mark.slow
pytest.importorskip("fastapi", reason="transformers serve needs transformers[serving]")
pytest.importorskip("uvicorn", reason="transformers serve needs transformers[serving]")

STYLE = PromptStyle()
QUESTIONS = [Question(f"q{i}", f"Where does {name} live?", ("x",)) for i, name in enumerate(["Ann", "Bob Lee", "Cy"])]
CHATS = [STYLE.messages(question, t) for question in QUESTIONS for t in (0.0, 0.5)]
SAMPLES = {"generation_config": json.dumps({"do_sample": True})}
"""The server samples only where a generation config says so."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert server.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.3)
    raise AssertionError(f"the server was not ready after {seconds} s: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def server(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, log = free_port(), tmp_path_factory.mktemp("serve") / "log"
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", tiny_model]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, "OMP_NUM_THREADS": "1"})
        try:
            wait_until_ready(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def opened(server: str, model: str, **options: Any) -> Any:
    return open_backend(model, base_url=server, max_new_tokens=6, options={"tokenizer": model, **options})


def test_it_takes_neither_n_nor_logprobs_so_confidence_comes_from_agreement(server: str, tiny_model: str) -> None:
    backend = opened(server, tiny_model)
    assert not backend.features.n
    assert not backend.features.logprobs
    assert backend.features.seed
    assert backend.confidence_sources == {"agreement", "stated"}


@pytest.mark.parametrize("route", ["completions", "chat"])
def test_greedy_answers_are_those_of_the_model_in_this_process(server: str, tiny_model: str, route: str) -> None:
    served = opened(server, tiny_model, route=route)
    local = open_backend(tiny_model, max_new_tokens=6)
    prompts = [Prompt(chat) for chat in CHATS]
    ours, theirs = dict(served.generate(prompts)), dict(local.generate(prompts))
    assert {i: row[0].text for i, row in ours.items()} == {i: row[0].text for i, row in theirs.items()}
    assert {c.probability for row in ours.values() for c in row} == {None}


def test_samples_differ_and_can_be_made_again_one_at_a_time(server: str, tiny_model: str) -> None:
    backend = opened(server, tiny_model, extra_body=SAMPLES, concurrency=1)
    first = next(backend.generate([Prompt(CHATS[0], (0, 1, 2, 3, 4))]))[1]
    again = next(backend.generate([Prompt(CHATS[0], (2, 4))]))[1]
    assert [c.text for c in again] == [first[2].text, first[4].text]
    assert len({c.text for c in first}) > 2


def test_a_sweep_through_it_has_samples_to_agree_and_no_probability(
    server: str, tiny_model: str, tmp_path: Path
) -> None:
    sweep = Sweep(truncated=Verdict.WRONG, targets=(0.5,), style=STYLE, grader=alias_match(), samples=3)
    backend = opened(server, tiny_model, extra_body=SAMPLES)
    rows = run_sweep(backend, QUESTIONS, sweep, tmp_path / "r.jsonl")
    assert len(rows) == 3 * (1 + 1 + 3)
    assert {row.probability for row in rows} == {None}


def test_a_name_that_it_does_not_serve_is_one_line(server: str, tiny_model: str) -> None:
    with pytest.raises(
        InputError, match=r"^model other: http://127\.0\.0\.1:\d+/v1 answered 400: .*pinned to"
    ) as error:
        open_backend("other", base_url=server)
    assert "\n" not in str(error.value)
