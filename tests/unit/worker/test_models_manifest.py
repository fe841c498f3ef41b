"""A manifest is read whole or refused in one sentence that names what is wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import pkgutil
from pathlib import Path

import pytest

from vb_link import folders, settings
from vb_worker.models import ManifestError, default_folders, families, find_models
from vb_worker.models import manifest_reader as manifests
from vb_worker.models.family import Family
from vb_worker.models.manifest import OutputSpec, RegistryPackage

SHIPPED = folders.models_dir()
DEFAULT = SHIPPED / "selfie_landscape.toml"


def test_the_default_model_ships_with_everything_it_needs() -> None:
    models = find_models([SHIPPED])
    default = models[settings.SHIPPED_MODEL]
    assert default.installed
    assert (default.input.width, default.input.height) == (256, 256)
    shipped = [
        model for model in models.values() if model.file and (SHIPPED / model.file).is_file()
    ]
    assert len(shipped) >= 2
    for model in shipped:
        assert hashlib.sha256(model.weights.read_bytes()).hexdigest() == model.sha256
        assert (SHIPPED / "licences" / f"{model.licence}.txt").is_file()
        assert model.commercial


def test_the_recipe_pins_what_the_manifests_name() -> None:
    recipe = (SHIPPED / "recipes" / "make_selfie.py").read_text(encoding="utf-8")
    notice = (SHIPPED / "licences" / "NOTICE.txt").read_text(encoding="utf-8")
    shipped = [
        model
        for model in find_models([SHIPPED]).values()
        if model.file and (SHIPPED / model.file).is_file()
    ]
    assert shipped
    for model in shipped:
        assert isinstance(model.source, RegistryPackage)
        assert f'"{model.source.package}@{model.source.version}"' in recipe
        assert model.source.sums[0] in recipe
        assert Path(model.source.members[0]).name in recipe
        assert model.file in notice


def test_every_family_that_a_file_declares_is_known() -> None:
    declared = [
        value
        for module in pkgutil.iter_modules(families.__path__)
        for value in vars(importlib.import_module(f"{families.__name__}.{module.name}")).values()
        if isinstance(value, Family)
    ]
    assert len(declared) == len(families.FAMILIES)
    assert {family.kind: family for family in declared} == families.FAMILIES
    fields = {field.name for field in dataclasses.fields(OutputSpec)}
    assert all(set(family.written) <= fields for family in declared)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('name = "selfie_landscape"', 'name = "Selfie!"', '"name"'),
        ('name = "selfie_landscape"', "", '"name" is missing'),
        ('file = "selfie_landscape.onnx"', 'file = "../other.onnx"', '"file"'),
        ('sha256 = "f', 'sha256 = "', '"sha256"'),
        ("commercial = true", 'commercial = "yes"', '"commercial"'),
        ("width = 256", "width = 0", '"input.width"'),
        ("height = 144", "height = 144.0", '"input.height"'),
        ("height = 144", "height = 9999", '"input.height"'),
        ('layout = "NHWC"', 'layout = "WHC"', '"input.layout"'),
        ('colour = "RGB"', 'color = "RGB"', '"input.colour" is missing'),
        ("scale = 255.0", "scale = 0", '"input.scale"'),
        ("mean = [0.0, 0.0, 0.0]", "mean = [0.0]", '"input.mean"'),
        ("std = [1.0, 1.0, 1.0]", "std = [1.0, 0.0, 1.0]", '"input.std"'),
        ('kind = "probability"', 'kind = "magic"', '"output.kind"'),
        ("[output]", "[outputs]", '"output" is missing'),
        ("commercial = true", "commercial = true\nextra = 1", '"extra"'),
        ("commercial = true", "commercial = ", "line 7"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = DEFAULT.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "broken.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        manifests.load(path)
    message = str(caught.value)
    assert named in message
    assert str(path) in message
    assert "\n" not in message


def test_one_bad_manifest_does_not_take_the_others_away(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("nonsense", encoding="utf-8")
    problems: list[ManifestError] = []
    models = find_models([SHIPPED, tmp_path, tmp_path / "absent"], on_error=problems.append)
    assert "selfie_landscape" in models
    assert len(problems) == 1
    assert "bad.toml" in str(problems[0])
    with pytest.raises(ManifestError):
        find_models([SHIPPED, tmp_path])


def test_no_model_takes_the_place_of_one_that_ships(tmp_path: Path) -> None:
    text = DEFAULT.read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace("Selfie, landscape", "Mine"), encoding="utf-8")
    problems: list[ManifestError] = []
    models = find_models([SHIPPED, tmp_path], on_error=problems.append)
    assert models["selfie_landscape"].title == "Selfie, landscape"
    assert "mine.toml" in str(problems[0]) and "choose another" in str(problems[0])
    assert find_models([tmp_path, tmp_path])["selfie_landscape"].title == "Mine"
    (tmp_path / "other.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError, match="has already"):
        find_models([tmp_path])


def test_the_users_folder_is_searched_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    assert default_folders() == [SHIPPED, tmp_path / "models"]
