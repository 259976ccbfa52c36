from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.statistics.cells import cell_sums, resampled_totals


def rows(count, sources, targets, width=3, seed=0):
    random = np.random.default_rng(seed)
    return (
        random.integers(0, sources, count),
        random.integers(0, targets, count),
        random.normal(size=(count, width)),
    )


def counts(people, resamples=50, seed=1):
    shares = np.full(people, 1 / people)
    return np.random.default_rng(seed).multinomial(people, shares, size=resamples).astype(float)


@pytest.mark.parametrize(
    ("count", "sources", "targets"),
    [(500, 6, 9), (40, 30, 50), (1, 3, 4), (300, 1, 40), (300, 40, 1)],
    ids=["full", "sparse", "one row", "one source", "one target"],
)
def test_totals_equal_weighting_every_row(count, sources, targets):
    source, target, parts = rows(count, sources, targets)
    of_source, of_target = counts(sources), counts(targets, seed=2)
    expected = (of_source[:, source] * of_target[:, target]) @ parts
    cells = cell_sums(source, target, parts, (sources, targets))
    for chunk in (2**22, 100, 1):
        found = resampled_totals(cells, of_source, of_target, chunk=chunk)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_sums_do_not_depend_on_the_order_of_the_rows():
    source, target, parts = rows(2000, 4, 5)
    order = np.random.default_rng(3).permutation(2000)
    first = cell_sums(source, target, parts, (4, 5))
    second = cell_sums(source[order], target[order], parts[order], (4, 5))
    np.testing.assert_array_equal(first.sums, second.sums)
    np.testing.assert_array_equal(first.sources, second.sources)


def test_sums_of_a_side_add_up_to_the_total():
    source, target, parts = rows(300, 7, 8)
    cells = cell_sums(source, target, parts, (7, 8))
    assert cells.of_sources.shape == (7, 3)
    np.testing.assert_allclose(cells.of_sources.sum(axis=0), parts.sum(axis=0))
    np.testing.assert_allclose(cells.of_targets.sum(axis=0), cells.total)
    np.testing.assert_allclose(cells.of_targets[2], parts[target == 2].sum(axis=0))


def test_without_rows_the_totals_are_zero():
    none = np.zeros(0, dtype=np.intp)
    cells = cell_sums(none, none, np.zeros((0, 2)), (3, 4))
    assert (resampled_totals(cells, counts(3), counts(4)) == 0).all()
    assert cells.of_sources.shape == (3, 2)
