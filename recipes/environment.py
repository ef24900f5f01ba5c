"""What a run ran on: versions, hardware, seed and commit, for `environment.json`."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("abstain", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "numpy", "tokenizers")


def environment(seed: int) -> dict[str, Any]:
    """Return versions, hardware, seed and commit (None outside a git checkout)."""
    import torch

    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "versions": installed_versions(),
        "commit": _commit(),
        "seed": seed,
    }


def installed_versions() -> dict[str, str | None]:
    """Return the version of every package that a result depends on; None for one that is not installed."""
    return {name: _version(name) for name in _PACKAGES}


def describe(env: dict[str, Any]) -> str:
    """Return `env` as one sentence for the report."""
    where = env["accelerator"] or f"{env['cpu_count']} CPU cores"
    versions = ", ".join(f"{name} {env['versions'][name]}" for name in ("torch", "transformers", "trl", "peft"))
    commit = f", commit {env['commit'][:10]}" if env["commit"] else ""
    return f"Seed {env['seed']}; {where}; Python {env['python']}, {versions}{commit}."


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    folder = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
