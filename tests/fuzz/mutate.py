"""Making a file another one: a random number generator decides how."""

from __future__ import annotations

import random

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_TEXTS = (
    "", "0", "-1", "1e999", "nan", "inf", "9" * 400, "true", "null", '"', "'", "[", "]", "{", "}",
    "\0", "\u202e", "\\ud800", "../../etc/passwd", "=", "\n", "[[", "a.b.c", "1979-05-27",
    "\U0001f642", '"git+https://evil.example/x.git"', '"-rhttps://evil.example/x"',
)  # fmt: skip


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Return ``data`` with a few bytes changed, cut, doubled or moved."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not found:
            break
        at = rng.randrange(len(found))
        kind = rng.randrange(6)
        if kind == 0:
            found[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            size = rng.choice((1, 2, 4, 8))
            order = rng.choice(("big", "little"))
            number = rng.choice(_NUMBERS) & ((1 << 8 * size) - 1)
            found[at : at + size] = number.to_bytes(size, "big" if order == "big" else "little")
        elif kind == 2:
            del found[at:]
        elif kind == 3:
            del found[at : at + rng.choice((1, 4, 64, 1024))]
        elif kind == 4:
            piece = found[at : at + rng.choice((1, 4, 64, 1024))]
            where = rng.randrange(len(found))
            found[where:where] = piece
        else:
            found[at:at] = rng.randbytes(rng.choice((1, 4, 64)))
    return bytes(found)


def misspelt(text: str, rng: random.Random) -> str:
    """Return a text with words or lines replaced, doubled, left out or swapped."""
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        kind = rng.randrange(5)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        elif kind == 2:
            key, sign, value = lines[at].partition(rng.choice(("=", ":")))
            other = rng.choice(_TEXTS) if rng.random() < 0.7 else value * rng.choice((2, 50, 5000))
            lines[at] = f"{key}{sign}{other}"
        elif kind == 3:
            words = lines[at].split(" ")
            words[rng.randrange(len(words))] = rng.choice(_TEXTS)
            lines[at] = " ".join(words)
        else:
            lines[at] = lines[at] + rng.choice(_TEXTS)
        lines = lines or [""]
    return "\n".join(lines)
