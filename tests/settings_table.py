"""Renews the table of settings in the documents: ``python -m tests.settings_table``."""

from __future__ import annotations

import re
from pathlib import Path

from vb_link import texts
from vb_link.settings import SETTINGS, Setting

ROOT = Path(__file__).resolve().parents[1]
PAGES = (("docs/settings.md", "en-US"), ("docs/ja/settings.md", "ja-JP"))
_VALUES = {
    "en-US": {
        "bool": "true, false",
        "color": "0xAABBGGRR",
        "model": "`auto`, or a model's name",
        "compute": "`auto`, `cpu`, or another unit that this computer has",
        "depth_model": "a depth model's name",
        "image": "a file's path",
        "video": "a file's path",
        "source": "a source's or scene's name",
        "scene": "a scene's name",
        "audio": "the name of a source with sound",
    },
    "ja-JP": {
        "bool": "true, false",
        "color": "0xAABBGGRR",
        "model": "`auto`、またはモデルの名前",
        "compute": "`auto`、`cpu`、またはこのコンピューターにあるほかのデバイス",
        "depth_model": "奥行きモデルの名前",
        "image": "ファイルのパス",
        "video": "ファイルのパス",
        "source": "ソースかシーンの名前",
        "scene": "シーンの名前",
        "audio": "音声のあるソースの名前",
    },
}


def row(setting: Setting, locale: str) -> str:
    """Return the row of one setting."""
    default = setting.default
    if setting.kind == "float":
        values, shown = f"{setting.minimum:g} to {setting.maximum:g}", f"{default:g}"
        if locale == "ja-JP":
            values = values.replace(" to ", "〜")
    elif setting.kind == "choice":
        values = ", ".join(f"`{choice}`" for choice in setting.choices)
        shown = f"`{default}`"
    else:
        values = _VALUES[locale][setting.kind]
        shown = str(default).lower() if setting.kind == "bool" else str(default)
        if setting.kind in ("model", "compute"):
            shown = f"`{default}`"
    title = texts.load(locale)[setting.text]
    if setting.number:
        title += f" {setting.number}"
    return f"| `{setting.key}` | {values} | {shown} | {title} |"


def table(locale: str) -> str:
    """Return the rows of all settings, one a line."""
    return "\n".join(row(setting, locale) for setting in SETTINGS)


def renewed(text: str, locale: str) -> str:
    """Return a page's text with its table renewed."""
    return re.sub(
        r"(?:^\| `\w+` \|.*\n)+", lambda _: table(locale) + "\n", text, count=1, flags=re.M
    )


if __name__ == "__main__":
    for name, locale in PAGES:
        path = ROOT / name
        path.write_text(renewed(path.read_text("utf-8"), locale), "utf-8")
