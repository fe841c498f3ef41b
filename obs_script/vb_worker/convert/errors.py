"""Why a file cannot be converted. Each text is one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vb_worker.errors import UserError, first_line


class ConversionError(UserError):
    """The file uses something that the converter does not know, or differs once converted."""


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Make a ConversionError, ``what`` and the reason, of whatever a reader or tool fails with.

    Of a damaged file that can be anything. UserErrors, which are sentences already, pass.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise ConversionError(f"{what} ({first_line(error)}).") from error
