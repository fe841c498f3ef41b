"""A short, always equal part of the fuzzing; ``python -m tests.fuzz`` goes on from there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from tests.fuzz import targets
from vb_link import folders, picture_size, settings
from vb_link.texts import SaidError
from vb_script import presets
from vb_worker.models import ManifestError, ModelError
from vb_worker.models import manifest_reader as manifests
from vb_worker.runtime import onnx_check

# Cases that take about a second; models are opened by onnxruntime, pictures by OpenCV.
CASES = {"models": 150, "pictures": 400, "manifests": 300, "presets": 300, "unit files": 150,
         "worker's sentences": 500, "model walk": 300}  # fmt: skip
BEGINNINGS = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF1234WEBPVP8X",
              b"II*\0", b"MM\0*"]  # fmt: skip
quick = how(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, scope="module")
def close() -> Iterator[None]:
    yield
    targets.opener.close()


@pytest.mark.parametrize("target", targets.TARGETS)
def test_broken_files_are_taken_or_refused_with_a_sentence(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    counts: Counter[str] = Counter()
    targets.run(target, 1, range(CASES[target]), tmp_path, counts)
    assert counts.total() == CASES[target]
    if target not in ("unit files", "worker's sentences"):
        assert len(counts) >= 2, "these cases all go the same way: they test little"


@quick
@given(st.binary(max_size=400))
def test_any_bytes_are_no_model_but_with_a_sentence(data: bytes) -> None:
    with pytest.raises(ModelError):
        onnx_check.check(data, Path("m.onnx"))


@quick
@given(st.binary(max_size=200), st.sampled_from(BEGINNINGS))
def test_any_bytes_have_a_size_or_none(data: bytes, beginning: bytes) -> None:
    size = picture_size.size_of(beginning + data)
    assert size is None or min(size) > 0


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@quick
@given(st.dictionaries(st.sampled_from([row.key for row in settings.SETTINGS]), VALUES, max_size=6))
def test_a_preset_of_any_values_is_used_whole_or_not(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("preset") / "preset.json"
    path.write_text(json.dumps({presets.MARK: presets.FORMAT, "settings": values}))
    try:
        assert presets.load(str(path)) == values
    except SaidError as error:
        assert error.key == "Preset.BadValue"


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(k)} = {_toml(v)}' for k, v in value.items())}}}"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value) if value is not None else '""'


@quick
@given(
    st.sampled_from(["width", "layout", "scale", "mean", "resize", "dtype", "width_range",
                     "multiple_of", "constants", "name"]),
    VALUES,
)  # fmt: skip
def test_a_manifest_with_any_value_is_read_or_refused_in_one_line(key: str, value: object) -> None:
    text = (folders.models_dir() / "selfie_square.toml").read_text(encoding="utf-8")
    head, body = text.split("[input]\n")
    lines = [line for line in body.splitlines() if not line.startswith(f"{key} =")]
    told = "\n".join([f"{key} = {_toml(value)}", *lines])
    try:
        manifests.parse(Path("m.toml"), f"{head}[input]\n{told}\n")
    except ManifestError as error:
        assert "\n" not in str(error) and len(str(error)) < 2000
