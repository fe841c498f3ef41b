"""A sentence on its way from the worker, in English and as what it takes to say it otherwise.

The field holds the English sentence and, on a second line, JSON with its key and what fills it.
When both do not fit, the English sentence goes alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping


def pack(sentence: str, key: str, arguments: Mapping[str, str], size: int) -> bytes:
    """Return a field of at most ``size`` bytes with its closing zero, in UTF-8."""
    english = sentence.replace("\n", " ")
    if key:
        both = f"{english}\n{json.dumps({**arguments, '': key}, ensure_ascii=False)}".encode()
        if len(both) < size:
            return both
    return fitting(english, size)


def fitting(text: str, size: int) -> bytes:
    """Return ``text`` as UTF-8, cut to fit a field of ``size`` bytes with its closing zero."""
    return text.encode()[: size - 1].decode("utf-8", "ignore").encode()


def english(field: bytes) -> str:
    """Return the English sentence of a field."""
    return field.decode("utf-8", "replace").split("\n", maxsplit=1)[0]


def unpack(field: bytes) -> tuple[str, dict[str, str]]:
    """Return the key and what fills it; ("", {}) when the field holds English alone."""
    _, _, rest = field.decode("utf-8", "replace").partition("\n")
    try:
        found = json.loads(rest) if rest else None
    except (ValueError, RecursionError):
        return "", {}
    if not isinstance(found, dict):
        return "", {}
    texts = {str(name): str(value) for name, value in found.items()}
    return texts.pop("", ""), texts
