"""Errors of conversions. Each message is one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vb_worker.errors import UserError, first_line


class ConversionError(UserError):
    """The file uses something unsupported, or its conversion differs from it."""


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn any exception of a parser or tool into ConversionError: ``what`` and the reason.

    For a damaged file that can be any type. UserErrors, which are sentences already, pass.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise ConversionError(f"{what} ({first_line(error)}).") from error
