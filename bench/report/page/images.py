"""All pictures of the page: each is stored once, and all together stay small."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from markupsafe import Markup
from PIL import Image

from bench.data.images import FORMATS, Pixels
from bench.errors import BenchError

__all__ = ["MOST_BYTES", "Coded", "Images"]

MOST_BYTES: Final = 14_000_000
"""Of all pictures as data URIs, for a page of 20 MB with everything else on it."""

QUALITIES: Final = (None, 85, 60)
"""Of WebP: the first with which all pictures fit is taken; None is lossless."""

# So many pictures tell how large all will be.
_SAMPLE = 48

# A picture that is small and coded with loss already would only be worse for being coded again.
_AS_THEY_ARE = {"WEBP": "image/webp", "JPEG": "image/jpeg"}

# What a picture takes beside its data URI: its name, quotes and signs between.
_BESIDE = 19


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    source: Pixels | Path
    side: int
    priority: int


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Pictures as the page has them.

    Attributes:
        uris: data URIs by name; those that are neither here nor unreadable were left out for size.
        unreadable: names of pictures whose files are damaged.
    """

    uris: Mapping[str, str] = field(default_factory=dict)
    unreadable: Collection[str] = ()


class Images:
    """Pictures by a short name, which the page's script puts in where the name stands.

    Args:
        refusal: why no picture may be shown, such as the licence; empty if they may.
        most_bytes: of all together. Above it they are coded with loss, and then those of the
            lowest priority are left out.
    """

    def __init__(self, refusal: str = "", most_bytes: int = MOST_BYTES) -> None:
        self.refusal, self.most_bytes = refusal, most_bytes
        self._wanted: dict[str, _Wanted] = {}
        self._names: dict[tuple[Path, int], str] = {}

    def add(self, source: Pixels | Path, *, side: int = 128, priority: int = 1) -> str:
        """The name of a picture; empty where none may be shown, and where there is no such file.

        The same picture has the same name, wherever it comes from.

        Args:
            source: (H, W, 3) RGB, uint8, or an image file.
            side: pixels of its longer side at most.
            priority: the smaller, the later it is left out.

        Raises:
            BenchError: the array is no 8-bit RGB picture.
        """
        if self.refusal:
            return ""
        name = self._name(source, side)
        known = self._wanted.get(name)
        if name and (known is None or priority < known.priority):
            self._wanted[name] = _Wanted(known.source if known else source, side, priority)
        return name

    def tag(self, name: str, alt: str, reason: str = "no image stored") -> Markup:
        """An ``img``, or in its place why there is none."""
        if not name:
            return Markup('<span class="placeholder">{}</span>').format(self.refusal or reason)
        return Markup('<img data-image="{}" alt="{}">').format(name, alt)

    def _name(self, source: Pixels | Path, side: int) -> str:
        """From the picture itself, so that the page tells nothing of folders."""
        if not isinstance(source, Path):
            _check(source)
            return _digest(source.tobytes(), f"{side} {source.shape}")
        if (source, side) not in self._names:
            try:
                self._names[source, side] = _digest(source.read_bytes(), str(side))
            except OSError:
                self._names[source, side] = ""
        return self._names[source, side]

    def coded(self, most_bytes: int | None = None) -> Coded:
        """All pictures that fit, in one quality.

        How large they will be is told from a few, so that no picture is coded in a quality that
        is too good for all of them.

        Args:
            most_bytes: of all together, if less is left than was thought.
        """
        room = self.most_bytes if most_bytes is None else min(most_bytes, self.most_bytes)
        # Sorting is stable: of one priority, those that were added first stay.
        order = sorted(self._wanted, key=lambda name: self._wanted[name].priority)
        sample = order[:: max(1, len(order) // _SAMPLE)]
        for quality in QUALITIES:
            is_last = quality == QUALITIES[-1]
            coder = _Coder(self._wanted, quality)
            if not is_last and coder.size(sample) / max(len(sample), 1) * len(order) > room:
                continue
            kept = coder.fitting(order, room)
            if is_last or not set(order) - set(kept) - coder.unreadable:
                break
        return Coded(kept, sorted(coder.unreadable))


class _Coder:
    """Codes pictures in one quality, each once."""

    def __init__(self, wanted: Mapping[str, _Wanted], quality: int | None) -> None:
        self._wanted, self._quality = wanted, quality
        self._uris: dict[str, str] = {}
        self.unreadable: set[str] = set()

    def size(self, names: Sequence[str]) -> int:
        """Bytes of these pictures in the page."""
        return sum(len(uri) + _BESIDE for uri in map(self._uri, names) if uri)

    def fitting(self, names: Sequence[str], room: int) -> dict[str, str]:
        """As many of these as fit, the first ones first."""
        kept: dict[str, str] = {}
        for name in names:
            if uri := self._uri(name):
                room -= len(uri) + _BESIDE
                if room < 0:
                    break
                kept[name] = uri
        return kept

    def _uri(self, name: str) -> str:
        """Empty for what cannot be read."""
        if name not in self._uris:
            try:
                self._uris[name] = _data_uri(self._wanted[name], self._quality)
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
                # What Pillow raises for files that are damaged or no pictures.
                self._uris[name] = ""
                self.unreadable.add(name)
        return self._uris[name]


def _digest(content: bytes, more: str) -> str:
    return f"i{hashlib.sha256(content + more.encode()).hexdigest()[:12]}"


def _data_uri(wanted: _Wanted, quality: int | None) -> str:
    if isinstance(wanted.source, Path):
        content = wanted.source.read_bytes()
        with Image.open(io.BytesIO(content), formats=FORMATS) as file:
            picture = file.convert("RGB")
            kind = _AS_THEY_ARE.get(file.format or "")
        if kind and max(picture.size) <= wanted.side:
            return _as_uri(kind, content)
    else:
        picture = Image.fromarray(np.ascontiguousarray(wanted.source))
    picture.thumbnail((wanted.side, wanted.side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if quality is None:
        # A tenth larger than with the most thorough method, and fifteen times as fast.
        picture.save(buffer, "WEBP", lossless=True, method=0)
    else:
        picture.save(buffer, "WEBP", quality=quality, method=4)
    return _as_uri("image/webp", buffer.getvalue())


def _as_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _check(pixels: Pixels) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise BenchError(
            f"a picture must be (H, W, 3) of uint8, got {pixels.shape} of {pixels.dtype}"
        )
