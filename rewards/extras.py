"""The optional packages: which extra installs each, and the error that says so where one is missing."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

_EVAL = (
    "accelerate",
    "datasets",
    "huggingface_hub",
    "openai",
    "peft",
    "pyarrow",
    "safetensors",
    "tokenizers",
    "torch",
    "transformers",
)
EXTRAS: dict[str, tuple[str, ...]] = {
    "math": ("math_verify", "sympy"),
    "openai": ("openai",),
    "judge": ("openai",),
    "logs": ("zstandard",),
    "eval": _EVAL,
    "train": (*_EVAL, "trl"),
    "vllm": (*_EVAL, "vllm"),
    "qlora": (*_EVAL, "bitsandbytes", "trl"),
    "inspect": ("inspect_ai",),
    "lm-eval": ("lm_eval",),
}
"""Extra → the modules that it installs, as pyproject.toml declares them. Of several extras with a module, the first is
named."""


class MissingExtraError(ModuleNotFoundError):
    """A package that an extra installs is missing: the message names it and the pip command."""


def is_installed(module: str) -> bool:
    """Return whether the top-level module `module` can be imported; nothing is imported.

    A folder without code, such as the `wandb/` that a tracker leaves behind, is none.
    """
    if module not in sys.modules:
        spec = find_spec(module)
        return spec is not None and spec.origin is not None
    loaded: Any = sys.modules[module]
    spec = getattr(loaded, "__spec__", None)
    return loaded is not None and (spec is None or spec.origin is not None)


def install_command(*modules: str) -> str:
    """Return the pip command of the first extra that installs all of `modules`.

    >>> install_command("torch", "trl")
    "pip install 'abstain[train]'"
    """
    extra = next(name for name, installed in EXTRAS.items() if set(modules) <= set(installed))
    return f"pip install 'abstain[{extra}]'"


def require(purpose: str, *modules: str) -> None:
    """Raise MissingExtraError unless all of `modules` are installed; nothing is imported.

    Args:
        purpose: What needs them, the subject of the message: "backend transformers".
        modules: Top-level modules of one extra.

    Raises:
        MissingExtraError: "backend transformers needs torch, which is not installed: pip install 'abstain[eval]'".
    """
    missing = [module for module in modules if not is_installed(module)]
    if missing:
        names, verb = ", ".join(map(_package, missing)), "is" if len(missing) == 1 else "are"
        message = f"{purpose} needs {names}, which {verb} not installed: {install_command(*modules)}"
        raise MissingExtraError(message, name=missing[0])


def missing_extra(error: ModuleNotFoundError) -> MissingExtraError | None:
    """Return the error that names the extra of the module that `error` is about; None where no extra installs it."""
    if isinstance(error, MissingExtraError):
        return error
    module = (error.name or "").partition(".")[0]
    if not any(module in modules for modules in EXTRAS.values()) or is_installed(module):
        return None
    return MissingExtraError(f"{_package(module)} is not installed: {install_command(module)}", name=module)


def _package(module: str) -> str:
    """Return the name on PyPI of the package whose module is `module`."""
    return module.replace("_", "-")
