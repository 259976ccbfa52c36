"""The release itself, against numbers taken from its files by other means."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.analysis.release.summary import ReleaseSummary
from bench.api_imports import import_valenzuela2021, measure_valenzuela2021
from bench.imports.valenzuela2021 import TRANSFER
from bench.imports.valenzuela2021.images import ReleasedImages, read_released
from bench.imports.valenzuela2021.reading import read_release
from bench.report.collect import collect_report

TARGETS = ("emma", "obama", "taylor", "zac")
ALPHAS = (0.0, *(round(0.3 + 0.02 * step, 2) for step in range(11)))


@pytest.fixture(scope="module")
def release(shared: Path) -> Path:
    folder = shared / "data" / "valenzuela2021"
    if not folder.is_dir():
        pytest.skip("needs a copy of the release")
    return folder


@pytest.fixture(scope="module")
def tables(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables alone, which are read in no time."""
    folder = tmp_path_factory.mktemp("tables") / "release"
    shutil.copytree(release / "evaluation", folder / "evaluation")
    return folder


@pytest.fixture(scope="module")
def summary(tables: Path) -> ReleaseSummary:
    return import_valenzuela2021(tables, tables.parent / "runs")


def rows_of(path: Path) -> dict[str, NDArray[np.float64]]:
    """Names and numbers of a file of intensities, by another reader: regular expressions."""
    found = {}
    for line in path.read_text().splitlines()[1:]:
        name, *values = re.findall(r"'([^']*)'", line)
        found[name.removesuffix(".csv")] = np.array([float(value) for value in values])
    return found


@pytest.fixture(scope="module")
def gaps(tables: Path) -> NDArray[np.float64]:
    """a(y) - a(s): (expressions, targets, alphas, units)."""
    quality = tables / "evaluation" / "quality"
    shown = list(rows_of(quality / "AUs_reference.csv").values())
    found = []
    for path in sorted(quality.glob("AUs_expression*.csv")):
        rows = rows_of(path)
        names = ["mean", *(f"{alpha:g}" for alpha in ALPHAS[1:])]
        made = np.array([[rows[f"{target}_{name}"] for name in names] for target in TARGETS])
        found.append(made - shown[int(re.findall(r"\d+", path.name)[0]) - 1])
    return np.array(found)


@pytest.mark.parametrize("error", ["au_mse", "au_mae"])
def test_oracle_alphas_by_other_means(
    summary: ReleaseSummary, gaps: NDArray[np.float64], error: str
) -> None:
    sizes = np.square(gaps) if error == "au_mse" else np.abs(gaps)
    errors = sizes.mean(axis=-1)
    found = [item for item in summary.pair_alphas if item.error == error]
    assert len(found) == errors.shape[0] * len(TARGETS)
    for item in found:
        number, target = summary.expressions.index(item.expression), TARGETS.index(item.target)
        assert item.alpha == ALPHAS[int(errors[number, target].argmin())]
        assert item.value == pytest.approx(errors[number, target].min())
        assert item.nothing == pytest.approx(errors[number, target, 0])
    (share,) = (share for share in summary.shares if share.error == error)
    assert share.at_zero == int((errors.argmin(axis=-1) == 0).sum())
    assert share.inside + share.at_zero == share.pairs


@pytest.mark.parametrize("error", ["au_mse", "au_mae"])
def test_gains_by_other_means(
    summary: ReleaseSummary, gaps: NDArray[np.float64], error: str
) -> None:
    sizes = np.square(gaps) if error == "au_mse" else np.abs(gaps)
    errors = sizes.mean(axis=-1)
    gains = errors[:, :, :1] - errors[:, :, 1:]
    left_out = [
        gains[:, place, np.delete(gains, place, axis=1).mean(axis=(0, 1)).argmax()]
        for place in range(len(TARGETS))
    ]
    expected = {
        "oracle": gains.max(axis=-1).mean(),
        "best fixed": gains.mean(axis=(0, 1)).max(),
        "leave-one-target-out": np.mean(left_out),
    }
    found = {item.protocol: item for item in summary.comparisons if item.error == error}
    for protocol, gain in expected.items():
        assert found[protocol].gain == pytest.approx(gain)
        assert found[protocol].low < gain < found[protocol].high


def test_the_single_alpha_is_not_surely_better_than_nothing(summary: ReleaseSummary) -> None:
    """A few hundredths of intensity, with an interval that holds 0, and one target that loses."""
    (fixed,) = (
        item
        for item in summary.comparisons
        if (item.protocol, item.error) == ("best fixed", "au_mae")
    )
    assert 0.0 < fixed.gain < 0.1
    assert fixed.low < 0.0 < fixed.high
    assert fixed.gain_by_target["obama"] < 0.0


def test_the_named_units_are_not_the_hardest(
    summary: ReleaseSummary, gaps: NDArray[np.float64]
) -> None:
    for hardest in summary.hardest:
        sizes = np.square(gaps) if hardest.error == "au_mse" else np.abs(gaps)
        means = sizes[:, :, 1:].mean(axis=(0, 1, 2))
        order = [summary.action_units[place] for place in np.argsort(-means)]
        assert list(hardest.found) == order[:3]
        assert hardest.named == {u: order.index(u) + 1 for u in ("AU45", "AU09", "AU26")}
        assert hardest.agreeing == 0


def test_identity_never_crosses_in_the_released_range(
    summary: ReleaseSummary, tables: Path
) -> None:
    lines = (tables / "evaluation/likeliness/expression1.csv").read_text().splitlines()
    last = {line.split(",")[0]: float(line.split(",")[-1]) for line in lines[1:]}
    assert [curve.target for curve in summary.identity] == list(TARGETS)
    for curve in summary.identity:
        assert curve.crossover.alpha is None
        assert all(found.alpha is None for found in curve.crossovers.values())
        assert curve.to_target[0] == 0.0
        assert curve.to_source[0] == pytest.approx(last[f"{curve.target}_source"])


def test_every_choice_of_expressions_can_be_imported(tables: Path, tmp_path: Path) -> None:
    """As for a copy that holds others: which are there decides, and rows keep their place."""
    for number in (1, 3):
        copy = Path(shutil.copytree(tables, tmp_path / f"only{number}"))
        for path in copy.rglob("*expression*.csv"):
            if path.parent.name in {"likeliness", "quality"} and str(number) not in path.name:
                path.unlink()
        release = read_release(copy)
        assert [expression.number for expression in release.expressions] == [number]
        assert {output.expression for output in release.outputs} == {release.expressions[0]}
        only = import_valenzuela2021(copy, tmp_path / "runs")
        assert only.expressions == (f"expression{number}",)
    assert release.expressions[0].sample == "selena_expression6_aligned"


def test_the_released_pictures_are_read_as_they_are(release: Path) -> None:
    images = ReleasedImages(read_release(release))
    assert images.missing == ()
    names = {path.name for _, path in images.photographs}
    assert len(names) == 97
    assert "obama12_aligned copia.png" not in names
    (pixels,) = read_released([images.mean("emma")])
    assert (pixels.shape, pixels.dtype) == ((256, 256, 3), np.uint8)


@pytest.mark.slow
def test_released_and_measured_numbers_side_by_side(
    release: Path, weights_dir: Path, tmp_path: Path
) -> None:
    compared = measure_valenzuela2021(release, tmp_path, "mobilefacenet", "mediapipe")
    target, source = compared.distances
    assert target.correlation > 0.7
    assert source.correlation > 0.9
    units = {row.name: row.correlation for row in compared.action_units}
    # Smiles are read alike by both; their scales are not the same.
    assert min(units["AU06"], units["AU10"], units["AU12"]) > 0.6
    board = collect_report(tmp_path, "valenzuela2021").board
    row = next(row for row in board.rows if row.method == TRANSFER)
    assert row.coverage == 1.0
    assert 0.0 < row.expression_skill.value < 1.0
    assert 0.0 < row.identity_retention.value < 1.0
    assert 0.0 < row.naturalness.value < 1.0
    measured = collect_report(tmp_path, compared.benchmark).board
    assert {row.method for row in measured.rows} == {row.method for row in board.rows}
