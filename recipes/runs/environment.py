"""What a run ran on and was asked: enough to repeat it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any

from ...data import InputError
from ...eval.sweep.shard import current_shard
from ...rewards.extras import is_installed

_PACKAGES = ("abstain", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "numpy", "tokenizers")
_VARIABLES = ("CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONHASHSEED")
"""Variables of the environment that can change a result."""


def environment(
    seed: int,
    *,
    asked: Mapping[str, Any] | None = None,
    sources: Sequence[str] = (),
    questions: Mapping[str, Sequence[Any]] | None = None,
    dtype: str | None = None,
) -> dict[str, Any]:
    """Return versions, hardware, seed, commit (None outside a git checkout), command and what was read.

    Args:
        seed: Of the run.
        asked: What the command line gave, such as recipe and overrides.
        sources: Data sources, and files of the user's own code. Local files are hashed, also behind the name of a set
            ("popqa:FILE"); Hub ids are recorded without a hash.
        questions: Use → the questions that came of them, hashed in their order.
        dtype: What the weights are loaded in for generating, "auto" being what they were saved in; None: not known
            here, as of a server.
    """
    return {
        "command": shlex.join(sys.argv),
        **(asked or {}),
        "seed": seed,
        "commit": _git("rev-parse", "HEAD"),
        "dirty": _dirty(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processes": current_shard().world,
        **_hardware(),
        "dtype": dtype,
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "versions": installed_versions(),
        "packages": _packages(),
        "files": {source: _source_content(source) for source in sources},
        "questions": {use: _content(found) for use, found in (questions or {}).items()},
    }


def installed_versions() -> dict[str, str | None]:
    """Return the version of every package that a result depends on; None for one that is not installed."""
    return {name: _version(name) for name in _PACKAGES}


def describe(env: dict[str, Any]) -> str:
    """Return `env` as one sentence for the report."""
    where = env["accelerator"] or f"{env['cpu_count']} CPU cores"
    named = {name: env["versions"][name] for name in ("torch", "transformers", "trl", "peft")}
    versions = "".join(f", {name} {version}" for name, version in named.items() if version is not None)
    commit = f", commit {env['commit'][:10]}" if env["commit"] else ""
    changed = " with uncommitted changes" if env.get("dirty") else ""
    return f"Seed {env['seed']}; {where}; Python {env['python']}{versions}{commit}{changed}."


def resumed(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return `before`, the environment of a run's start, and what `now` differs in as one more of its resumptions."""
    changed = {key: value for key, value in now.items() if before.get(key) != value}
    return {**before, "resumed": [*before.get("resumed", []), changed]}


def check_files(folder: Path, path: Path) -> None:
    """Raise InputError where a question file, or one of the user's code, is not what it was when the run began.

    Its stages and its rows would be of two versions of it.

    Args:
        folder: The run's.
        path: What it recorded of its environment; nothing is said where there is no such file.
    """
    if not path.is_file():
        return
    before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")).get("files") or {}
    for source, content in before.items():
        now = _source_content(source)
        if content is not None and now is not None and now != content:
            raise InputError(
                f"{source}: changed since the run in {folder} began ({content['bytes']} bytes then, {now['bytes']} "
                "now), so that its rows would be of both; bring the file back, or begin anew with another --out"
            )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _packages() -> dict[str, str]:
    """Return every installed distribution with its version."""
    found = {str(d.metadata["Name"]): d.version for d in distributions() if d.metadata["Name"]}
    return dict(sorted(found.items(), key=lambda pair: pair[0].casefold()))


def _hardware() -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cpu_count": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        **_torch(),
    }


def _torch() -> dict[str, Any]:
    """Return the threads and the accelerators of torch; None and none without it, as where a server generates."""
    if not is_installed("torch"):
        return {"torch_threads": None, "cpu_bfloat16": None, "accelerator": None, "accelerators": [], "cuda": None}
    import torch

    from ...eval.backends.models import cpu_bfloat16

    gpus: list[Any] = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    return {
        "torch_threads": torch.get_num_threads(),
        "cpu_bfloat16": cpu_bfloat16(),
        "accelerator": gpus[0].name if gpus else None,
        "accelerators": [{"name": gpu.name, "memory_gib": round(gpu.total_memory / 2**30, 1)} for gpu in gpus],
        "cuda": torch.version.cuda if gpus else None,
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def file_content(path: Path) -> dict[str, Any] | None:
    """Return size and SHA-256 of a file; None for what is none, such as a set on the Hub."""
    if not path.is_file():
        return None
    with path.open("rb") as opened:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(opened, "sha256").hexdigest()}


def _source_content(source: str) -> dict[str, Any] | None:
    """Return the content of the file that a data source is, or names behind the name of its set."""
    return file_content(Path(source)) or file_content(Path(source.rpartition(":")[2]))


def _content(found: Sequence[Any]) -> dict[str, Any]:
    """Return number and SHA-256 of questions or documents, which are values of plain types."""
    digest = hashlib.sha256()
    for one in found:
        digest.update((repr(one) + "\n").encode())
    return {"number": len(found), "sha256": digest.hexdigest()}


def _dirty() -> bool | None:
    """Return whether a tracked file differs from the commit; None outside a git checkout."""
    found = _git("status", "--porcelain", "--untracked-files=no")
    return None if found is None else bool(found)


def _git(*words: str) -> str | None:
    """Return what git says of the checkout that this file belongs to; None where it belongs to none."""
    here = Path(__file__)
    # An installed package may lie in somebody else's checkout.
    if _said("git", "ls-files", "--error-unmatch", here.name, folder=here.parent) is None:
        return None
    return _said("git", *words, folder=here.parent)


def _said(*words: str, folder: Path) -> str | None:
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
