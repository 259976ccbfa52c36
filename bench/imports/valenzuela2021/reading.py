"""Reads the tables of a copy of the release and checks them against each other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from bench.errors import BenchError
from bench.imports.valenzuela2021.release import Expression, MeanFace, Output, Release
from bench.imports.valenzuela2021.tables import (
    SAME_DISTANCE,
    DistanceTable,
    IntensityRow,
    IntensityTable,
    problem_at,
    read_distances,
    read_intensities,
)

__all__ = ["read_release"]

_FILES = re.compile(r"(AUs_)?expression(?P<number>[1-9]\d*)\.csv")
_SAMPLE = re.compile(r"(?P<sample>(?P<identity>.+)_expression\d+_aligned)\.csv")
_OUTPUT = re.compile(r"(?P<identity>.+)_(?P<alpha>mean|\d+(\.\d+)?)\.csv")


def read_release(folder: Path) -> Release:
    """Reads all tables of a copy of the release.

    How many expressions, alphas and identities there are is taken from the files; files of other
    names are not looked at.

    Args:
        folder: the copy, with ``evaluation/likeliness`` and ``evaluation/quality`` in it.

    Raises:
        BenchError: a file is missing or malformed, or two contradict each other; the message
            names file and line.
    """
    likeliness, quality = (folder / "evaluation" / name for name in ("likeliness", "quality"))
    for place in (likeliness, quality):
        if not place.is_dir():
            raise BenchError(
                f"no folder {place}", hint="give the folder of the release that holds evaluation/"
            )
    distances = dict(_numbered(likeliness, "expression"))
    intensities = dict(_numbered(quality, "AUs_expression"))
    reference = quality / "AUs_reference.csv"
    if not distances and not intensities:
        raise BenchError(f"{likeliness} has no expression<k>.csv")
    for number in sorted(distances.keys() ^ intensities.keys()):
        there, name = (
            (distances[number], f"AUs_expression{number}.csv")
            if number in distances
            else (intensities[number], f"expression{number}.csv")
        )
        raise BenchError(f"{there} is there, but {name} is missing")
    sources = read_intensities(reference)
    expressions = [_expression(sources, number) for number in sorted(distances)]
    outputs: list[Output] = []
    means: dict[str, tuple[MeanFace, IntensityTable, int]] = {}
    for expression in expressions:
        table = read_intensities(intensities[expression.number])
        if table.units != sources.units:
            raise problem_at(table.path, 1, f"the columns are not those of {reference.name}")
        far = read_distances(distances[expression.number])
        rows = _rows(table, {*far.target, expression.source})
        outputs += _outputs(expression, table, rows, far)
        for identity in rows:
            _add_mean(means, expression, identity, table, rows[identity]["mean"], far)
    files = [reference, *distances.values(), *intensities.values()]
    return Release(
        folder,
        sources.units,
        tuple(expressions),
        {identity: means[identity][0] for identity in sorted(means)},
        tuple(outputs),
        _sha256(folder, files),
    )


def _numbered(folder: Path, prefix: str) -> Iterator[tuple[int, Path]]:
    for path in sorted(folder.iterdir()):
        match = _FILES.fullmatch(path.name)
        if match and path.name.startswith(prefix) and path.is_file():
            yield int(match["number"]), path


def _expression(sources: IntensityTable, number: int) -> Expression:
    """Row k of the reference table."""
    if number > len(sources.rows):
        raise BenchError(
            f"{sources.path} has {len(sources.rows)} rows, and expression{number} needs row "
            f"{number}"
        )
    row = sources.rows[number - 1]
    match = _SAMPLE.fullmatch(row.name)
    if match is None:
        raise problem_at(
            sources.path, row.line, f"{row.name!r} is not <identity>_expression<n>_aligned.csv"
        )
    return Expression(number, match["identity"], match["sample"], row.values)


def _rows(table: IntensityTable, known: set[str]) -> dict[str, dict[str, IntensityRow]]:
    """Rows by identity and alpha, both as the file writes them; the mean face is ``mean``."""
    found: dict[str, dict[str, IntensityRow]] = {identity: {} for identity in sorted(known)}
    for row in table.rows:
        match = _OUTPUT.fullmatch(row.name)
        if match is None:
            raise problem_at(
                table.path, row.line, f"{row.name!r} is not <identity>_<alpha>.csv or _mean.csv"
            )
        identity, alpha = match["identity"], match["alpha"]
        if identity not in known:
            raise problem_at(
                table.path, row.line, f"unknown identity {identity!r}: the distances name none such"
            )
        if alpha != "mean" and not 0.0 < float(alpha) <= 1.0:
            raise problem_at(table.path, row.line, f"alpha {alpha} is not above 0 and up to 1")
        found[identity][alpha] = row
    for identity, rows in found.items():
        if "mean" not in rows:
            raise BenchError(f"{table.path} has no row {identity}_mean.csv")
    return found


def _outputs(
    expression: Expression,
    table: IntensityTable,
    rows: dict[str, dict[str, IntensityRow]],
    far: DistanceTable,
) -> Iterator[Output]:
    for identity in sorted(rows):
        texts: dict[float, str] = {}
        for text, row in rows[identity].items():
            alpha = 0.0 if text == "mean" else round(float(text), 6)
            if alpha in texts:
                raise problem_at(table.path, row.line, f"a second row of {identity} at that alpha")
            texts[alpha] = text
        measured = identity in far.target
        if measured:
            _check_alphas(identity, table, rows[identity], texts, far)
        for alpha, text in sorted(texts.items()):
            units = rows[identity][text].values
            yield Output(
                expression,
                identity,
                alpha,
                text,
                units,
                *_distances(expression, identity, alpha, far),
            )


def _distances(
    expression: Expression, identity: str, alpha: float, far: DistanceTable
) -> tuple[float | None, float | None]:
    """To the target's and to the source's mean face."""
    if alpha == 0.0:
        if identity == expression.source:
            return 0.0, 0.0
        return 0.0, far.source[identity].to_target
    if identity not in far.target:
        return None, None
    return far.target[identity].to_outputs[alpha], far.source[identity].to_outputs[alpha]


def _check_alphas(
    identity: str,
    table: IntensityTable,
    rows: dict[str, IntensityRow],
    texts: dict[float, str],
    far: DistanceTable,
) -> None:
    """Distances and intensities are of the same outputs."""
    for alpha in far.alphas:
        if alpha not in texts:
            raise BenchError(
                f"{table.path} has no row {identity}_{alpha:g}.csv, and {far.path} has a distance "
                f"at alpha {alpha:g}"
            )
    for alpha, text in texts.items():
        if alpha and alpha not in far.alphas:
            raise problem_at(
                table.path, rows[text].line, f"{far.path} has no distance at alpha {alpha:g}"
            )


def _add_mean(
    means: dict[str, tuple[MeanFace, IntensityTable, int]],
    expression: Expression,
    identity: str,
    table: IntensityTable,
    row: IntensityRow,
    far: DistanceTable,
) -> None:
    """Notes a mean face, or checks it against what another expression's tables say of it."""
    own = identity == expression.source
    to_source = 0.0 if own else far.source[identity].to_target
    if identity not in means:
        means[identity] = (MeanFace(identity, row.values, {}), table, row.line)
    mean, first, line = means[identity]
    if mean.units != row.values:
        raise problem_at(
            table.path, row.line, f"{row.name} has other values than in {first.path}:{line}"
        )
    before = mean.to_sources.setdefault(expression.source, to_source)
    if abs(before - to_source) > SAME_DISTANCE:
        raise problem_at(
            far.path,
            far.source[identity].line,
            f"the mean faces of {identity} and {expression.source} are {to_source:g} apart, but "
            f"{before:g} in another expression's file",
        )


def _sha256(folder: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
