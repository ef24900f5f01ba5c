"""A backend without a model, for tests that are about rows: what it says depends on the prompt and the seed alone.

Run as a script it makes a sweep in a process of its own: `python scripted.py OUT QUESTIONS [key=value ...]`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from abstain.data import InputError, Message, PromptStyle, Question, RunError
from abstain.eval.backends.backend import Completion, ConfidenceSource, Prompt
from abstain.eval.backends.draws import draw_seed
from abstain.eval.backends.identity import Identity
from abstain.eval.sweep import store as writer
from abstain.eval.sweep.sweep import Sweep, run_sweep
from abstain.rewards import Verdict, alias_match

STYLE = PromptStyle(rubric="Target {target}.", forced="Forced.", target_format="decimal")


def questions(n: int) -> list[Question]:
    return [Question(f"q{i}", f"Question {i}?", (f"a{i}", f"the a{i}")) for i in range(n)]


def sweep(samples: int = 3, targets: tuple[float, ...] = (0.25, 0.5, 0.75), seed: int = 0) -> Sweep:
    return Sweep(
        truncated=Verdict.WRONG, targets=targets, style=STYLE, grader=alias_match(), samples=samples, seed=seed
    )


class Canned:
    """What a backend without a model is besides `generate`."""

    name = "canned"
    identity = Identity(model_hash="aaaa", settings="backend=canned")
    confidence_sources: frozenset[ConfidenceSource] = frozenset({"sequence_probability", "agreement"})

    def render(self, messages: Sequence[Message]) -> str:
        return messages[0]["content"]


class Scripted:
    """Answers, refuses or errs by a number drawn from the prompt and the seed, and counts its completions."""

    confidence_sources: frozenset[ConfidenceSource] = frozenset({"sequence_probability", "agreement"})

    def __init__(self, *, model_hash: str = "m1", settings: str = "backend=scripted", pause: float = 0.0) -> None:
        self.name = "scripted"
        self.identity = Identity(model_hash=model_hash, adapter_hash="a1", settings=settings)
        self.pause = pause
        self.asked = 0

    def render(self, messages: Sequence[Message]) -> str:
        return f"<user>{messages[0]['content']}<assistant>"

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        for index, prompt in reversed(list(enumerate(prompts))):
            self.asked += len(prompt.draws)
            time.sleep(self.pause)
            rendered = self.render(prompt.messages)
            yield index, [self._say(rendered, seed, draw) for draw in prompt.draws]

    def _say(self, rendered: str, seed: int, draw: int) -> Completion:
        p = float(np.random.default_rng(draw_seed(seed if draw else 0, rendered, draw)).random())
        number = rendered.split("?")[0].split()[1]
        text = "I don't know" if p < 0.3 else f"a{number}" if p < 0.7 else f"ä{number}\nor so"
        return Completion(text, (1, 2), (float(np.log(p)), -0.25), "stop")


def main(out: str, n: str, *options: str) -> int:
    """Sweep; `die_at=B`: kill this process when half of the write that passes byte B is written."""
    chosen = dict(option.split("=") for option in options)
    writer.FLUSH_EVERY = int(chosen.get("flush", "8"))
    backend = Scripted(pause=float(chosen.get("pause", "0")))
    if "die_at" in chosen:
        die_in_the_middle_of_a_write(Path(out), int(chosen["die_at"]))
    try:
        rows = run_sweep(backend, questions(int(n)), sweep(), Path(out))
    except (InputError, RunError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    print(json.dumps({"rows": len(rows), "asked": backend.asked}))
    return 0


def die_in_the_middle_of_a_write(out: Path, at: int) -> None:
    """Patch the appending so that the write that makes `out` longer than `at` bytes is cut off by SIGKILL."""
    from abstain.eval.sweep import responses
    from abstain.eval.sweep import store as writer

    append = responses.append_responses

    def cut(path: Path, rows: Sequence[responses.Response], *, sync: bool = True) -> None:
        text = "".join(row.to_json() + "\n" for row in rows).encode()
        if path == out and (path.stat().st_size if path.is_file() else 0) + len(text) > at:
            with path.open("ab", buffering=0) as file:
                file.write(text[: max(1, len(text) // 2 - 3)].rstrip(b"\n"))
            os.kill(os.getpid(), signal.SIGKILL)
        append(path, rows, sync=sync)

    writer.append_responses = cut  # pyright: ignore


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
