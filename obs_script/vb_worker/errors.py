"""Errors that the user of the command can act on. Each message is one sentence."""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, without its full stop; else its class name."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


class UserError(Exception):
    """An input or the environment is at fault; exit status 1."""


class UsageError(UserError):
    """The command line is wrong; exit status 2."""
