"""Every metric of stored runs: the numbers of the board, failures, intervals, reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.measures import metric_table
from bench.analysis.metric_values import MetricValue, RunMetrics
from bench.analysis.score_cards import metric_cards
from bench.analysis.stored import make_board
from bench.errors import BenchError
from bench.run.store import StoredRun
from bench.run.timings import Timings
from metrics.measures import MEASURES

UNITS = ("AU06", "AU12", "AU25")
ALPHAS = (0.0, 0.5, 1.0)


@pytest.fixture
def stored(make_world: Any) -> Callable[..., StoredRun]:
    """A run of a made-up method on eight people of test and, with alpha, on six of dev."""

    def make(
        method: Any, *, alphas: tuple[float, ...] = (np.nan,), scale: str = "probability 0..1"
    ) -> StoredRun:
        worlds = [make_world()]
        if len(alphas) > 1:
            worlds.append(make_world(count=6, seed=1, part="dev"))
        tables = [
            pd.concat(tables, ignore_index=True)
            for tables in (
                [world.scores(method, alphas) for world in worlds],
                [_renamed(world.references(), world.part) for world in worlds],
            )
        ]
        scores, references = _renamed(tables[0], None), tables[1]
        card = {"name": "made-up", "scale": scale}
        info = {
            "benchmark": "made-up-64",
            "method": {"name": "m", "is_anchor": False, "has_alpha": len(alphas) > 1},
            "identity": {"parts": {"parameters": {}, "dataset": "made-up"}},
            "instruments": {"au_estimator": card, "embedder": card},
            "action_units": list(UNITS),
            "created": "2026",
        }
        return StoredRun(Path("m-1"), info, scores, references, Timings())

    return make


def _renamed(table: pd.DataFrame, part: str | None) -> pd.DataFrame:
    """The people of dev are others than those of test."""
    for column in ("source", "target", "identity"):
        if column in table:
            parts = table["part"] if part is None else part
            table[column] = table[column] + "-" + parts
    return table


def of(run: StoredRun, **options: Any) -> RunMetrics:
    return metric_table([run], "made-up-64", **options).runs[0]


def value(metrics: RunMetrics, name: str) -> MetricValue:
    return next(value for value in metrics.values if value.name == name)


def number(metrics: RunMetrics, name: str) -> float:
    return value(metrics, name).estimate.value


def test_every_card_but_that_of_the_embedder_has_a_value_or_a_reason(
    stored: Callable[..., StoredRun], methods: Any
) -> None:
    metrics = of(stored(methods.linear, alphas=ALPHAS))
    names = [card.name for card in metric_cards()]
    assert [v.name for v in metrics.values] == [name for name in names if name != "id_eer"]
    for found in metrics.values:
        assert np.isfinite(found.estimate.value) != bool(found.absent), found
        if not found.absent:
            assert found.estimate.low <= found.estimate.value + 1e-9
            assert found.estimate.value <= found.estimate.high + 1e-9
            assert found.pairs == metrics.pairs == 8 * 7


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_the_numbers_are_those_of_the_board(
    stored: Callable[..., StoredRun], methods: Any, share: float
) -> None:
    def fails(pair: Any) -> bool:
        return hash_of(pair) < share

    run = stored(methods.failing(methods.linear, fails), alphas=ALPHAS)
    row = make_board([run], "made-up-64").rows[0]
    metrics = of(run)
    assert metrics.alpha == row.alpha
    assert metrics.failures == row.failures
    for name in (
        "transfer_score", "expression_skill", "identity_retention", "naturalness",
    ):  # fmt: skip
        assert value(metrics, name).estimate == getattr(row, name)
    assert number(metrics, "au_skill") == row.raw_expression_skill.value
    for name in ("au_mse", "au_mae", "id_dist_target", "id_dist_source", "coverage"):
        assert number(metrics, name) == pytest.approx(getattr(row, name), rel=1e-12)


def hash_of(pair: Any) -> float:
    return (sum(map(ord, pair.source + pair.target)) % 10) / 10


def fails_at_source(name: str) -> Callable[[Any], bool]:
    return lambda pair: pair.source == name


def test_a_failed_pair_counts_as_the_worst_anchor_or_not_at_all(
    stored: Callable[..., StoredRun], methods: Any
) -> None:
    whole = of(stored(methods.perfect))
    run = stored(methods.failing(methods.perfect, fails_at_source("p00")))
    metrics = of(run)
    assert metrics.failures == {"no_face": 7}
    assert number(metrics, "coverage") == pytest.approx(1 - 7 / 56)
    for card in (measure.card for measure in MEASURES):
        found = value(metrics, card.name)
        if found.absent or card.best is None:
            continue
        if card.failures == "worst anchor":
            assert found.pairs == 56
            worse = found.estimate.value - number(whole, card.name)
            assert worse * (1 if card.direction == "down" else -1) > 0, card.name
        else:
            assert found.pairs == 49
    # The change of a perfect output is the source's, so all error is that of the failed pairs.
    assert number(metrics, "au_delta_mae") > 0
    assert number(whole, "au_delta_mae") == pytest.approx(0.0, abs=1e-12)
    assert number(metrics, "au_delta_cos") == pytest.approx(1.0)


def test_the_substitute_is_the_anchor_that_does_worst_there(
    stored: Callable[..., StoredRun], methods: Any
) -> None:
    failed = of(stored(methods.failing(methods.perfect, lambda pair: True)))
    anchors = [of(stored(m)) for m in (methods.target_neutral, methods.copy_source)]
    for name in ("au_mse", "au_mae", "au_delta_mae", "au_active_mae"):
        if value(failed, name).absent:
            continue
        worst = max(number(anchor, name) for anchor in anchors)
        assert number(failed, name) >= worst - 1e-12


def test_the_errors_of_the_units_average_to_the_whole_error(
    stored: Callable[..., StoredRun], methods: Any
) -> None:
    run = stored(methods.failing(methods.linear, fails_at_source("p03")), alphas=ALPHAS)
    metrics = of(run)
    assert [unit.action_unit for unit in metrics.units] == list(UNITS)
    mae, mse = (
        np.mean([getattr(unit, kind).value for unit in metrics.units]) for kind in ("mae", "mse")
    )
    assert mae == pytest.approx(number(metrics, "au_mae"), rel=1e-12)
    assert mse >= mae**2
    nothing = of(stored(methods.target_neutral))
    for unit, same in zip(metrics.units, nothing.units, strict=True):
        assert unit.mae_of_nothing == pytest.approx(same.mae.value, rel=1e-12)
        assert unit.mae.low <= unit.mae.value <= unit.mae.high


def test_alpha_is_the_dev_one_unless_given(stored: Callable[..., StoredRun], methods: Any) -> None:
    run = stored(methods.linear, alphas=ALPHAS)
    assert (of(run).alpha, of(run).alpha_protocol) == (1.0, "dev")
    half = of(run, alpha=0.5)
    assert (half.alpha, half.alpha_protocol) == (0.5, "fixed")
    assert number(half, "expression_skill") < number(of(run), "expression_skill")
    with pytest.raises(BenchError, match=r"no cross pairs at alpha 0\.7 .*--alpha 0\.7"):
        of(run, alpha=0.7)


def test_only_the_pairs_asked_for(stored: Callable[..., StoredRun], methods: Any) -> None:
    run = stored(methods.copy_source)
    pairs = {"p00-test/smiling>p01-test", "p02-test/smiling>p05-test"}
    assert of(run, pairs=pairs).pairs == 2


def test_doing_nothing_has_no_direction_and_says_so(
    stored: Callable[..., StoredRun], methods: Any
) -> None:
    metrics = of(stored(methods.target_neutral))
    assert "not defined" in value(metrics, "au_delta_cos").absent
    assert number(metrics, "expression_skill") == 0.0
    assert number(metrics, "id_retained@FMR=1%") == 1.0


def test_what_is_absent_has_its_reason(stored: Callable[..., StoredRun], methods: Any) -> None:
    run = stored(methods.copy_source, scale="blendshape 0..1")
    metrics = of(run)
    assert "presence is not told" in value(metrics, "au_presence_f1").absent
    assert not value(metrics, "au_active_mae").absent
    assert "no landmarks" in value(metrics, "lmk_nme").absent
    assert "without it" in value(metrics, "psnr").absent
    assert "AU01" in value(metrics, "aue_sum_mse").remark
    unknown = of(stored(methods.copy_source, scale="volts"))
    assert "no threshold" in value(unknown, "au_active_mae").absent
    run.info["image_metrics"] = {"absent": {"lpips": "install it"}}
    assert value(of(run), "lpips").absent.startswith("install it")
    references = run.references.copy()
    references.loc[references["expression"] == "smiling", "is_reference"] = True
    assert "no target has" in value(of(replace(run, references=references)), "psnr").absent


def test_stored_image_values_and_landmarks_are_used(
    stored: Callable[..., StoredRun], methods: Any
) -> None:
    run = stored(methods.copy_source)
    random = np.random.default_rng(0)
    shape = {name: random.uniform(size=136) for name in run.references["identity"]}
    scores = run.scores.copy()
    scores["ssim"] = 0.25
    scores["psnr"] = np.inf
    scores["landmarks"] = [shape[name] for name in scores["source"]]
    # A row of an older command: it lacks what was not stored then.
    scores.loc[scores.index[:3], ["ssim", "psnr"]] = np.nan
    scores.loc[scores.index[1], "landmarks"] = None
    references = run.references.copy()
    references["landmarks"] = [shape[name] for name in references["identity"]]
    metrics = of(replace(run, scores=scores, references=references))
    assert number(metrics, "ssim") == pytest.approx(0.25)
    assert value(metrics, "ssim").pairs == 56 - 2  # the first row is a self pair
    assert np.isinf(number(metrics, "psnr"))
    assert number(metrics, "lmk_nme") == pytest.approx(0.0, abs=1e-9)
    assert value(metrics, "lmk_nme").pairs == 55
    as_json = metrics.to_dict()["metrics"]
    assert as_json["psnr"]["exact"] is True
    assert as_json["psnr"]["value"] is None
    assert as_json["ssim"]["pairs"] == 54


def test_runs_share_their_draws(stored: Callable[..., StoredRun], methods: Any) -> None:
    table = metric_table([stored(methods.perfect), stored(methods.perfect)], "made-up-64")
    # By what is printed: a value that is absent is NaN, which is equal to nothing.
    assert repr(table.runs[0].values) == repr(table.runs[1].values)
    assert table.matching.impostors == 16 * 7
    assert 0.0 < table.matching.threshold < 2.0


def test_labels_stand_for_what_is_read_from_a_source(
    stored: Callable[..., StoredRun], methods: Any
) -> None:
    run = stored(methods.copy_source)
    references = run.references.copy()
    for unit in UNITS:
        references[f"label_{unit}"] = references[unit] + 0.25
    labelled = of(replace(run, references=references))
    assert number(labelled, "au_mae") == pytest.approx(0.25)
    assert number(labelled, "aue_sum_mse") == pytest.approx(3 * 0.25**2)
    row = make_board([replace(run, references=references)], "made-up-64").rows[0]
    assert row.au_mae == pytest.approx(number(labelled, "au_mae"))
