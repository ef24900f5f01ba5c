"""The one exception for input a user can mend; the command line prints it as one line and exits with 2."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input: the message names the place (file, line, key), the value and what was allowed."""
