"""Errors that the command's user can do something about. Each text is one sentence."""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, without its full stop; else its kind."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


class UserError(Exception):
    """Something given or found does not work; the command ends with status 1."""


class UsageError(UserError):
    """The command was called wrongly; it ends with status 2."""
