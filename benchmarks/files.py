"""Paths given on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path


def existing_file(text: str) -> Path:
    """Return `text` as the path of a file that there is, as a `type` of argparse.

    Raises:
        argparse.ArgumentTypeError: there is no such file; argparse names the option.
    """
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"no such file: {text!r}; give the path of a file on this machine")
    return path
