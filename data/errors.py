"""The two exceptions that the command line prints as one line: bad input (exit code 2), a failed run (1)."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input: the message names the place (file, line, key), the value and what was allowed."""


class RunError(RuntimeError):
    """The run failed for a reason outside it (disk, server): the message says what is kept and how to go on."""


def first_line(error: Exception) -> str:
    r"""Return the first line of the message of `error`, at most 300 characters; without a message, its class.

    >>> first_line(ValueError("\nno such file\nand more")), first_line(TimeoutError())
    ('no such file', 'TimeoutError')
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
