"""Which values a setting can have, and what is used instead of an invalid one.

OBS's settings hold whatever a remote control, a script or another version wrote.
``vb_filter/setting_values.lua`` does the same on the graphics thread; a test compares the two.
"""

from __future__ import annotations

import math

from vb_link import limits
from vb_link.settings import Setting, Value


def suits(row: Setting, value: object) -> bool:
    """Return whether this value is valid for the setting as it is."""
    if row.kind == "bool":
        return isinstance(value, bool)
    if row.kind == "float":
        return _is_number(value) and row.minimum <= value <= row.maximum  # type: ignore[operator]
    if row.kind == "color":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and 0 <= value < 1 << 32  # type: ignore[operator]
    if not isinstance(value, str) or len(value) > limits.PRESET_TEXT or "\0" in value:
        return False
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        return False  # a lone surrogate, which UTF-8 cannot encode
    return row.kind != "choice" or value in row.choices


def in_effect(row: Setting, value: object) -> Value:
    """Return the value that the filter uses for ``value`` from OBS's settings.

    Numbers are clamped to their range; a colour may be signed or a float, as some languages write
    it. Anything else that is invalid becomes the setting's default.
    """
    if row.kind == "float" and _is_number(value):
        return min(max(float(value), row.minimum), row.maximum)  # type: ignore[arg-type]
    if row.kind == "color" and _is_number(value):
        number = float(value)  # type: ignore[arg-type]
        if number.is_integer() and -(1 << 31) <= number < 1 << 32:
            return int(number) % (1 << 32)
    return value if suits(row, value) else row.default  # type: ignore[return-value]


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:  # an integer larger than any double
        return False
