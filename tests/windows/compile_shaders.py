"""Run by Windows' Python: SHADERS.json RESULT.json D3DCOMPILER.dll TIMES; see ``registers.py``."""

from __future__ import annotations

import ctypes
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

OPTIMIZATION_LEVEL3 = 1 << 15  # as libobs-d3d11 compiles
_P = ctypes.c_void_p


def _bytes_of(blob: Any) -> bytes:
    """Return what an ID3DBlob holds; its methods 3 and 4 give address and size."""
    if sys.platform != "win32":
        raise OSError("Microsoft's compiler runs on Windows alone")
    methods = ctypes.cast(ctypes.cast(blob, ctypes.POINTER(_P))[0], ctypes.POINTER(_P))
    address = ctypes.WINFUNCTYPE(_P, _P)(methods[3])(blob)
    size = ctypes.WINFUNCTYPE(ctypes.c_size_t, _P)(methods[4])(blob)
    return ctypes.string_at(address, size)


def _fault(compiler: Any, row: dict[str, Any], times: int) -> tuple[str, float]:
    """Return what is wrong with a shader, or "", and its shortest compilation in milliseconds."""
    code, errors, listing = _P(), _P(), _P()
    text = row["hlsl"].encode()
    took = []
    for _ in range(times):  # what it makes is small and freed with the process
        began = time.perf_counter()
        failed = compiler.D3DCompile(
            text, ctypes.c_size_t(len(text)), None, None, None, b"main", b"ps_4_0",
            OPTIMIZATION_LEVEL3, 0, ctypes.byref(code), ctypes.byref(errors),
        )  # fmt: skip
        took.append(1e3 * (time.perf_counter() - began))
        if failed:
            why = _bytes_of(errors).decode("latin-1")[:300] if errors else f"error {failed}"
            return why, min(took)
    made = _bytes_of(code)
    compiler.D3DDisassemble(made, ctypes.c_size_t(len(made)), 0, None, ctypes.byref(listing))
    lines = _bytes_of(listing).decode("latin-1")
    found = []
    for kind, letter in (("textures", "t"), ("samplers", "s")):
        pattern = rf"^//\s+(\w+)\s+{kind[:-1]}\s.*?\s{letter}?(\d+)\s+\d+\s*$"
        given = {name: int(number) for name, number in re.findall(pattern, lines, re.M)}
        bound = {name: number for number, name in enumerate(row[kind])}
        if given != bound:
            found.append(f"{kind} bound {bound}, read {given}")
    return "; ".join(found), min(took)


def main(shaders: str, result: str, library: str, times: str) -> None:
    if sys.platform != "win32":
        raise OSError("Microsoft's compiler runs on Windows alone")
    compiler = ctypes.WinDLL(library)
    rows = json.loads(Path(shaders).read_text("utf-8"))
    told = {row["name"]: _fault(compiler, row, int(times)) for row in rows}
    Path(result).write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
