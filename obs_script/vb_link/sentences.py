"""A sentence from the worker, in English and with what it takes to translate it.

The field holds the English sentence and, on a second line, JSON with its text key and placeholders.
If both do not fit, it holds the English sentence only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping


def pack(sentence: str, key: str, arguments: Mapping[str, str], size: int) -> bytes:
    """Return a field of at most ``size`` bytes, UTF-8, including the terminating NUL."""
    english = sentence.replace("\n", " ")
    if key:
        both = f"{english}\n{json.dumps({**arguments, '': key}, ensure_ascii=False)}".encode()
        if len(both) < size:
            return both
    return fitting(english, size)


def fitting(text: str, size: int) -> bytes:
    """Return ``text`` as UTF-8, cut to fit a field of ``size`` bytes with its terminating NUL."""
    return text.encode()[: size - 1].decode("utf-8", "ignore").encode()


def english(field: bytes) -> str:
    """Return the English sentence of a field."""
    return field.decode("utf-8", "replace").split("\n", maxsplit=1)[0]


def unpack(field: bytes) -> tuple[str, dict[str, str]]:
    """Return the text key and its placeholders; ("", {}) if the field holds English only."""
    _, _, rest = field.decode("utf-8", "replace").partition("\n")
    try:
        found = json.loads(rest) if rest else None
    except (ValueError, RecursionError):
        return "", {}
    if not isinstance(found, dict):
        return "", {}
    texts = {str(name): str(value) for name, value in found.items()}
    return texts.pop("", ""), texts
