"""Images that were made elsewhere: a folder and its list of what each file is."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.data.images import MOST_BYTES, Pixels, read_image, resize
from bench.data.reading import MOST_TABLE, check_size, parse_json, read_text
from bench.errors import BenchError
from bench.plugins.contracts import MethodCard, MethodContext, TransferRequest
from bench.plugins.failures import InvalidOutput

__all__ = ["Precomputed"]

MANIFESTS: Final = ("manifest.csv", "manifest.jsonl")
NAMES: Final = ("source", "sample", "target", "path")
COLUMNS: Final = (*NAMES[:3], "alpha", "path")

ALPHA_TOLERANCE: Final = 1e-6

PairNames = tuple[str, str, str]
"""Source, source sample and target."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the manifest.

    Attributes:
        alpha: None if the image does not depend on it.
        path: of the image, relative to the folder.
    """

    line: int
    pair: PairNames
    alpha: float | None
    path: str


class Precomputed:
    """Looks up what another program made: a GAN, a diffusion model, a program without Python.

    The folder holds ``manifest.csv`` with the columns source, sample, target, alpha and path, or
    ``manifest.jsonl`` with an object of these keys on each line; others are left alone. A path is
    relative to the folder. An alpha is empty, or null, for images that do not depend on it: then
    that of every row is. An image may have any square size and is brought to the benchmark's. What
    is to be made, ``bench data pairs`` lists.

    A sample that has no row, or whose file is missing, is a ``method_error``; a file that is no
    square 8-bit image, or lies outside of the folder, is an ``invalid_output``.

    Args:
        folder: the folder.
        name: what the board calls these images.
    """

    card = MethodCard(
        "precomputed", "images that were made elsewhere: --param folder=DIR", on_boards=False
    )

    def __init__(self, folder: str = "", name: str = "") -> None:
        if not folder:
            raise ValueError("it needs the folder of the images: --param folder=DIR")
        self._folder, self._name = Path(folder), name

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self._manifest = _find_manifest(self._folder)
        self._rows = _by_pair(self._manifest)
        self._resolution = context.resolution
        rows = [row for alphas in self._rows.values() for row in alphas.values()]
        self.card = replace(
            self.card,
            description=f"images made elsewhere{f' by {self._name}' if self._name else ''}",
            has_alpha=rows[0].alpha is not None,
        )
        return {"manifest_and_images_sha256": self._content_hash({row.path for row in rows})}

    def transfer(self, requests: Sequence[TransferRequest]) -> Pixels:
        return np.stack([self._image(request) for request in requests])

    def _image(self, request: TransferRequest) -> Pixels:
        pair, alpha = request.pair, request.alpha if self.card.has_alpha else None
        row = _nearest(self._rows.get((pair.source, pair.sample, pair.target), {}), alpha)
        if row is None:
            at = "" if alpha is None else f" at alpha {alpha:g}"
            raise LookupError(f"{self._manifest.name} has no row for {pair.key}{at}")
        where = f"{self._manifest.name}:{row.line}: {row.path}"
        path = self._inside(row.path)
        if path is None:
            raise InvalidOutput(f"{where} lies outside of the folder")
        if _content(path) is None:
            raise FileNotFoundError(f"{where} is missing, or cannot be read")
        try:
            return resize(read_image(path, convert=True), self._resolution)
        except BenchError as error:
            raise InvalidOutput(error.message.replace(f"the image {path}", where)) from error

    def _inside(self, path: str) -> Path | None:
        """The file, or None if it is not in the folder, be it by ``..`` or by a link."""
        folder = self._folder.resolve()
        try:
            found = (folder / path).resolve()
        except (OSError, ValueError, RuntimeError):  # a null byte, a ring of links
            return None
        return found if found.is_relative_to(folder) else None

    def _content_hash(self, paths: set[str]) -> str:
        digest = hashlib.sha256(self._manifest.read_bytes())
        for path in sorted(paths):
            content = _content(self._inside(path))
            there = content is not None
            digest.update(f"{path} {there} {hashlib.sha256(content or b'').hexdigest()}\n".encode())
        return digest.hexdigest()


def _content(file: Path | None) -> bytes | None:
    """What is in a file; None if it cannot be read, for whatever reason."""
    try:
        if file is None:
            return None
        check_size(file, MOST_BYTES)
        return file.read_bytes()
    except (OSError, BenchError):
        return None


def _nearest(rows: Mapping[float | None, _Row], alpha: float | None) -> _Row | None:
    """The row at an alpha."""
    if alpha is None:
        return rows.get(None)
    known = [row for row in rows.values() if row.alpha is not None]
    row = min(known, key=lambda row: abs((row.alpha or 0.0) - alpha), default=None)
    if row is None or abs((row.alpha or 0.0) - alpha) > ALPHA_TOLERANCE:
        return None
    return row


def _find_manifest(folder: Path) -> Path:
    found = [folder / name for name in MANIFESTS if (folder / name).is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{folder} holds both {' and '.join(MANIFESTS)}: remove one of them")
    raise FileNotFoundError(f"no {' or '.join(MANIFESTS)} in {folder}")


def _by_pair(manifest: Path) -> dict[PairNames, dict[float | None, _Row]]:
    """The rows of a manifest.

    Raises:
        ValueError: a line is malformed or doubled, or some have an alpha and some have none; the
            message names it.
    """
    read = _csv_lines if manifest.suffix == ".csv" else _json_lines
    rows: dict[PairNames, dict[float | None, _Row]] = {}
    first: _Row | None = None
    for line, values in read(manifest):
        row = _row(manifest, line, values)
        first = first or row
        if (row.alpha is None) != (first.alpha is None):
            raise ValueError(
                f"{manifest}:{line}: either all rows have an alpha or none has, and that of line "
                f"{first.line} {'has none' if first.alpha is None else 'has one'}"
            )
        same = _nearest(rows.setdefault(row.pair, {}), row.alpha)
        if same is not None:
            raise ValueError(f"{manifest}:{line}: the same pair and alpha as line {same.line}")
        rows[row.pair][row.alpha] = row
    if not rows:
        raise ValueError(f"{manifest} lists no image")
    return rows


def _row(manifest: Path, line: int, values: Mapping[str, Any]) -> _Row:
    for name in NAMES:
        if values.get(name) in (None, ""):
            raise ValueError(f"{manifest}:{line}: {name} is missing")
        if not isinstance(values[name], str):
            raise ValueError(
                f"{manifest}:{line}: {name} is {repr(values[name])[:60]}, expected a text such "
                "as '001'"
            )
    source, sample, target, path = (values[name] for name in NAMES)
    given = values.get("alpha")
    if given in (None, ""):
        return _Row(line, (source, sample, target), None, path)
    try:
        alpha = float(given)
    except (TypeError, ValueError, OverflowError):
        alpha = math.nan
    if not math.isfinite(alpha) or isinstance(given, bool):
        raise ValueError(f"{manifest}:{line}: alpha {repr(given)[:60]} is no number")
    return _Row(line, (source, sample, target), alpha, path)


def _csv_lines(manifest: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or [])]:
                raise ValueError(f"{manifest}:1: no column {', '.join(missing)}")
            for values in reader:
                if None in values or None in values.values():
                    columns = len(reader.fieldnames or [])
                    raise ValueError(f"{manifest}:{reader.line_num}: expected {columns} values")
                yield reader.line_num, dict(values)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{manifest} is no CSV file in UTF-8: {error}") from error


def _json_lines(manifest: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = read_text(manifest, MOST_TABLE, encoding="utf-8-sig").split("\n")
    except BenchError as error:
        raise ValueError(error.message) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = parse_json(line, finite=True)
        except ValueError as error:
            raise ValueError(f"{manifest}:{number}: no JSON: {error}") from error
        if not isinstance(values, dict):
            raise ValueError(f"{manifest}:{number}: no JSON object")
        yield number, values
