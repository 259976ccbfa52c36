"""The font of the figures: from an installed package, cut down to the characters that are used."""

from __future__ import annotations

import base64
import importlib.util
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError

__all__ = ["FAMILY", "INSTALL", "Font", "find_fonts", "font_rules", "require_exporters"]

FAMILY: Final = "DejaVu Sans"
"""A free font with most alphabets, which comes with matplotlib."""

INSTALL: Final = "pip install -e '.[figures]'"

_COMMON: Final = "".join(map(chr, range(0x20, 0x7F))) + "·–…α≥±×"
"""Characters that most figures have."""

_PACKAGES: Final = {"matplotlib": "matplotlib", "fontTools": "fonttools", "resvg_py": "resvg_py"}
_FILES: Final = {400: "DejaVuSans.ttf", 700: "DejaVuSans-Bold.ttf"}


@dataclass(frozen=True, slots=True)
class Font:
    """One face of the family: its weight in CSS (400 or 700) and its file."""

    weight: int
    path: Path


def require_exporters() -> None:
    """Looks for the packages that figures are written with.

    Raises:
        BenchError: one is not installed.
    """
    missing = [
        name for module, name in _PACKAGES.items() if importlib.util.find_spec(module) is None
    ]
    if missing:
        raise BenchError(
            f"figures for a paper need {' and '.join(missing)}, not installed here", hint=INSTALL
        )


@cache
def find_fonts() -> tuple[Font, ...]:
    """The faces, from the files of matplotlib, which is not imported.

    Raises:
        BenchError: the package or a file of it is not there.
    """
    require_exporters()
    spec = importlib.util.find_spec("matplotlib")
    places = list(spec.submodule_search_locations or ()) if spec else []
    fonts = [
        Font(weight, Path(place) / "mpl-data" / "fonts" / "ttf" / name)
        for place in places[:1]
        for weight, name in _FILES.items()
    ]
    if absent := [font.path.name for font in fonts if not font.path.is_file()] or not fonts:
        raise BenchError(
            f"matplotlib is installed without its fonts ({absent or FAMILY}): figures need them",
            hint="pip install --force-reinstall matplotlib",
        )
    return tuple(fonts)


def font_rules(characters: Iterable[str], *, bold: bool) -> str:
    """``@font-face`` rules that hold the font, with these characters alone.

    Args:
        characters: that the figure shows; those that the font lacks are left to the viewer.
        bold: whether the bold face is used as well.

    Raises:
        BenchError: as ``find_fonts``.
    """
    used = "".join(sorted(set(characters)))
    return "\n".join(
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {font.weight}; '
        f'src: url("data:font/woff;base64,{_subset(font.path, used)}") format("woff"); }}'
        for font in find_fonts()
        if bold or font.weight == 400
    )


@cache
def _subset(path: Path, characters: str) -> str:
    """Base64 of a WOFF file; the same every time, so that figures can be compared."""
    rare = "".join(sorted(set(characters) - set(_COMMON)))
    cut = _cut(_reduced(path, rare), characters, "woff")
    return base64.b64encode(cut).decode("ascii")


@cache
def _reduced(path: Path, rare: str) -> bytes:
    """The font with what most figures need: the whole one has thousands of characters."""
    return _cut(path.read_bytes(), _COMMON + rare, None)


def _cut(content: bytes, characters: str, flavor: str | None) -> bytes:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options: Any = subset.Options()
    options.notdef_outline = True
    options.drop_tables += ["FFTM"]  # a time stamp of the font's editor
    font: Any = TTFont(io.BytesIO(content), recalcTimestamp=False)
    cutter: Any = subset.Subsetter(options)
    cutter.populate(text=characters)
    cutter.subset(font)
    font.flavor = flavor
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()
