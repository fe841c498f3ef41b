"""Why a file cannot be converted. Each text is one sentence."""

from __future__ import annotations

from vb_worker.errors import UserError


class ConversionError(UserError):
    """The file uses something that the converter does not know, or differs once converted."""
