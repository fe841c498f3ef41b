"""Errors that the command's user can do something about. Each text is one sentence."""

from __future__ import annotations


class UserError(Exception):
    """Something given or found does not work; the command ends with status 1."""


class UsageError(UserError):
    """The command was called wrongly; it ends with status 2."""
