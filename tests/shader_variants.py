"""Every effect that the Lua half can ask for, taken from the Lua half itself, and its shaders.

:func:`variants` runs the very functions by which the filter chooses an effect, over all the facts
they can be asked with. :func:`shaders` gives the HLSL of each pixel shader as OBS hands it to a
compiler: the textures and samplers that stand in its functions, in the order of OBS's
``effect-parser.c``. libobs-d3d11 binds the first of them to register 0, the next to 1, and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.unit.lua import Lua
from vb_script import compile_ahead, lua_half

FOLDER = Path(lua_half.PATH).parent


@dataclass(frozen=True)
class Variant:
    """One effect: its name in the Lua half and all its text, words and file."""

    name: str
    text: str


@dataclass(frozen=True)
class Shader:
    """One pixel shader of a variant, as OBS compiles it for Direct3D 11 (entry ``main``).

    ``textures`` and ``samplers`` are in the order in which libobs-d3d11 binds them.
    """

    variant: Variant
    technique: str
    hlsl: str
    textures: tuple[str, ...]
    samplers: tuple[str, ...]


def variants(folder: Path = FOLDER) -> list[Variant]:
    """Return every effect that the Lua half in ``folder`` can compile."""
    return [Variant(*effect) for effect in compile_ahead.every_effect(Lua(), folder)]


def shaders(variant: Variant) -> Iterator[Shader]:
    """Give the pixel shaders of all techniques of ``variant``."""
    parts = _Parts(_preprocessed(variant.text))
    for technique, call in parts.techniques:
        body: list[str] = []
        written: list[str] = []
        parts.write(call, body, written)
        declared = [parts.variables[name] for name in written if name in parts.variables]
        text = "".join(body)
        text += f"float4 main(VertData v_in) : SV_Target\n{{\n\treturn {call}(v_in);\n}}\n"
        yield Shader(
            variant,
            technique,
            text,
            tuple(name for kind, name in declared if kind == "texture2d"),
            tuple(name for kind, name in declared if kind == "sampler_state"),
        )


def _preprocessed(text: str) -> str:
    """Do what OBS's preprocessor does with the few directives used here."""
    values: dict[str, str] = {}
    active: list[bool] = []
    lines = []
    for line in re.sub(r"//.*", "", text).splitlines():
        directive = re.match(r"#(\w+)\s*(\w*)\s*(\S*)$", line)
        if directive is None:
            if all(active):
                lines.append(re.sub(r"\w+", lambda word: values.get(word[0], word[0]), line))
            continue
        word, name, value = directive.groups()
        if word in ("ifdef", "ifndef"):
            active.append((name in values) == (word == "ifdef"))
        elif word == "else":
            active[-1] = not active[-1]
        elif word == "endif":
            active.pop()
        elif word != "define":
            raise ValueError(f"{line!r} is a directive unknown here")
        elif all(active):
            values[name] = value
    if active:
        raise ValueError("an #ifdef has no #endif")
    return "\n".join(lines)


_DECLARED = re.compile(
    r"^uniform (?P<type>\w+) (?P<uniform>\w+);"
    r"|^sampler_state (?P<sampler>\w+) \{[^}]*\};"
    r"|^struct (?P<struct>\w+) \{[^}]*\};"
    r"|^(?P<returns>\w+) (?P<function>\w+)\([^)]*\)[^{;]*\n\{.*?\n\}"
    r"|^technique (?P<technique>\w+)\s*\{.*?pixel_shader\s*=\s*(?P<call>\w+)\(v_in\);\s*\}\s*\}",
    re.M | re.S,
)
_HLSL = {"texture2d": "Texture2D", "TARGET": "SV_Target", "POSITION": "SV_Position"}


class _Parts:
    """An effect's text in its parts, each with the names that stand in it."""

    def __init__(self, text: str) -> None:
        self.variables: dict[str, tuple[str, str]] = {}
        self.techniques: list[tuple[str, str]] = []
        self._texts: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        for found in _DECLARED.finditer(text):
            part = found.groupdict()
            for kind in ("uniform", "sampler", "struct", "function"):
                if name := part[kind]:
                    self._texts[name], self._kinds[name] = found[0], kind
            if name := part["uniform"]:
                self.variables[name] = (part["type"], name)
            elif name := part["sampler"]:
                self.variables[name] = ("sampler_state", name)
            elif name := part["technique"]:
                self.techniques.append((name, part["call"]))
        left = _DECLARED.sub("", text).strip()
        if left or not self.techniques:
            raise ValueError(f"not understood in an effect: {left[:80]!r}")

    def write(self, function: str, body: list[str], written: list[str]) -> None:
        """Append ``function`` after all it mentions: uniforms, samplers, structs, functions."""
        written.append(function)
        words = re.findall(r"[A-Za-z_]\w*", self._texts[function])
        for kind in ("uniform", "sampler", "struct", "function"):
            for word in words:
                if self._kinds.get(word) != kind or word in written:
                    continue
                if kind == "function":
                    self.write(word, body, written)
                    continue
                written.append(word)
                body.append(self._hlsl(word))
        body.append(self._hlsl(function))

    def _hlsl(self, name: str) -> str:
        if self._kinds[name] == "sampler":
            return f"SamplerState {name};\n"
        text = re.sub(r"^uniform ", "", self._texts[name])
        return re.sub(r"\w+", lambda word: _HLSL.get(word[0], word[0]), text) + "\n"
