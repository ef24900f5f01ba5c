"""Who gave a response: hashes of model and adapter, and the generation settings in words."""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ...data import RunError, write_atomic

_LENGTH = 16
"""Hex digits that rows carry of a hash."""
_WEIGHTS_AND_CONFIGS = (".json", ".safetensors", ".bin", ".pt", ".pth", ".gguf", ".model", ".jinja", ".txt", ".py")
_NOT_THE_MODEL = ("training_args.bin", "trainer_state.json", "optimizer.pt", "scheduler.pt", "rng_state.pth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What has to be equal for the rows of two backends to be of one evaluation."""

    model_hash: str = ""
    """Of the model's contents, see `model_hash`; "" where it has no files."""
    adapter_hash: str = ""
    """Of the adapter's contents; "" without an adapter."""
    settings: str = ""
    """Generation settings as `settings_text` writes them, those of the sweep (temperature, seed) not included."""


def settings_text(**settings: Any) -> str:
    """Return settings as one line, in the order given, without those that are None.

    >>> settings_text(backend="transformers", dtype="bfloat16", max_new_tokens=32, top_p=None)
    'backend=transformers dtype=bfloat16 max_new_tokens=32'
    """
    return " ".join(f"{key}={value}" for key, value in settings.items() if value is not None)


def model_hash(model: str, *, base_url: str | None = None) -> str:
    """Return 16 hex digits that change when the model does.

    - A folder (of a model or an adapter): SHA-256 over the names and contents of its files, weights,
      config and tokenizer alike. Contents are read once: a file's hash is remembered, in
      `~/.cache/abstain`, with its path, size and time of change.
    - A Hub id: the id and the commit of the copy in the local cache, which it must be in by then.
    - A name at an endpoint: address and name. The server may change the weights behind the name; this is not detected.
    """
    if base_url is not None:
        return _short(f"{base_url.rstrip('/')} {model}")
    path = Path(model).expanduser()
    return _short("\n".join(_file_lines(path))) if path.is_dir() else _short(f"{model}@{_hub_commit(model)}")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def _file_lines(folder: Path) -> list[str]:
    files = sorted(
        path
        for path in folder.iterdir()
        if path.suffix in _WEIGHTS_AND_CONFIGS and path.name not in _NOT_THE_MODEL and path.is_file()
    )
    cache = HashCache(cache_folder() / "file-hashes.json")
    lines = [f"{path.name} {cache.sha256(path)}" for path in files]
    cache.save()
    return lines


def _hub_commit(model: str) -> str:
    from huggingface_hub import try_to_load_from_cache

    for name in ("config.json", "adapter_config.json"):
        found = try_to_load_from_cache(model, name)
        if isinstance(found, str):
            return Path(found).parent.name  # …/snapshots/COMMIT/config.json
    return "unknown"


def cache_folder() -> Path:
    """Return the folder of what may be deleted at any time: `$XDG_CACHE_HOME/abstain`, else `~/.cache/abstain`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "abstain"


class HashCache:
    """SHA-256 of files, each read again only when its size or its time of change is another."""

    def __init__(self, path: Path) -> None:
        """Read what is known from `path`; a file that is missing or damaged knows nothing."""
        self.path = path
        self._changed = False
        try:
            loaded: Any = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            loaded = {}
        self._known = cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {}

    def sha256(self, file: Path) -> str:
        """Return the SHA-256 of the contents of `file` in hex."""
        real = file.resolve()
        if real.parent.name == "blobs" and re.fullmatch(r"[0-9a-f]{64}", real.name):
            return real.name  # the Hub's cache names a weight file by this very hash
        stat = real.stat()
        stamp = f"{real} {stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"
        known = self._known.get(stamp)
        if isinstance(known, str):
            return known
        with real.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        self._known[stamp] = digest
        self._changed = True
        return digest

    def save(self) -> None:
        """Write down what was learnt; a folder that cannot be written costs the next run time, no more."""
        if not self._changed:
            return
        with suppress(OSError, RunError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self.path, json.dumps(self._known), shared=True)
        self._changed = False
