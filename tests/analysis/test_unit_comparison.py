"""Action Units under several methods: the numbers of ``bench metrics``, and what is hard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.chosen_readings import ChosenReadings, ChosenRows
from bench.analysis.measures import metric_table
from bench.analysis.statistics.holm import holm
from bench.analysis.unit_comparison import UnitComparison, compare_units
from bench.run.store import StoredRun
from bench.run.timings import Timings

UNITS = ("AU06", "AU12", "AU25")


@pytest.fixture
def stored(world: Any) -> Callable[..., StoredRun]:
    """A run without alpha of a made-up method on the world's pairs."""

    def make(method: Any) -> StoredRun:
        card = {"name": "made-up", "scale": "probability 0..1"}
        info = {
            "benchmark": "made-up-64",
            "method": {"name": "m", "is_anchor": False, "has_alpha": False},
            "identity": {"parts": {"parameters": {}, "dataset": "made-up"}},
            "instruments": {"au_estimator": card, "embedder": card},
            "action_units": list(UNITS),
        }
        return StoredRun(Path("m-1"), info, world.scores(method), world.references(), Timings())

    return make


def off_by(*errors: float) -> Any:
    """A method whose Action Units are the source's but for a fixed error each."""

    def method(world: Any, pair: Any, alpha: float) -> Any:
        face = world.faces[pair.source, pair.sample]
        return replace(face, units=face.units + np.array(errors))

    return method


def read(run: StoredRun) -> ChosenReadings:
    return ChosenRows("test").read(run)


def compared(*runs: StoredRun) -> UnitComparison:
    found = compare_units({f"m{place}": read(run) for place, run in enumerate(runs)})
    assert found is not None
    return found


@pytest.mark.parametrize("failing", [(), ("p01", "p05")])
def test_the_numbers_are_those_of_the_metrics(stored: Any, methods: Any, failing: Any) -> None:
    run = stored(methods.failing(methods.perfect, lambda pair: pair.target in failing))
    wanted = {unit.action_unit: unit for unit in metric_table([run], "made-up-64").runs[0].units}
    found = compared(run)
    for unit, difficulty in zip(found.methods["m0"], found.units, strict=True):
        one = wanted[unit.action_unit]
        for end in ("value", "low", "high"):
            assert getattr(unit.mae, end) == pytest.approx(getattr(one.mae, end), rel=1e-9)
        assert difficulty.mae_of_nothing.value == pytest.approx(one.mae_of_nothing, rel=1e-12)
        assert difficulty.in_source == pytest.approx(one.in_source, rel=1e-12)
        assert unit.in_output == pytest.approx(one.in_output, rel=1e-12)
        # The gain is a paired difference of the two.
        assert unit.gain.value == pytest.approx(one.mae_of_nothing - one.mae.value, abs=1e-12)
        # With one method its errors are the mean over methods.
        assert difficulty.mae.low == pytest.approx(one.mae.low, rel=1e-9)
    assert (found.pairs, found.identities) == (56, 8)


def test_doing_nothing_gains_nothing_anywhere(stored: Any, methods: Any) -> None:
    found = compared(stored(methods.target_neutral))
    for unit in found.methods["m0"]:
        assert unit.gain.value == 0.0
        assert unit.p_value == 1.0
        assert unit.verdict == ""
    assert [unit.left for unit in found.units] == pytest.approx([1, 1, 1])


def test_gains_and_losses_are_told_apart(stored: Any) -> None:
    found = compared(stored(off_by(0.0, 5.0, 0.01)))
    verdicts = {unit.action_unit: unit.verdict for unit in found.methods["m0"]}
    assert verdicts == {"AU12": "more", "AU25": "less", "AU06": "less"}
    errors = {unit.action_unit: unit.mae.value for unit in found.methods["m0"]}
    assert errors == pytest.approx({"AU06": 0.0, "AU12": 5.0, "AU25": 0.01})


def test_the_hardest_stand_first_for_all_and_for_each(stored: Any) -> None:
    found = compared(stored(off_by(1, 2, 3)), stored(off_by(3, 0.5, 0)))
    assert [unit.action_unit for unit in found.units] == ["AU06", "AU25", "AU12"]
    assert [unit.mae.value for unit in found.units] == pytest.approx([2, 1.5, 1.25])
    assert found.hardest_of("m0") == ("AU25", "AU12", "AU06")
    assert found.hardest_of("m1") == ("AU06", "AU12", "AU25")
    for units in found.methods.values():
        assert [unit.action_unit for unit in units] == list(found.hardest)
    assert np.isnan(found.p_last)  # there is no fourth


def test_holm_is_over_contestants_alone(stored: Any, methods: Any) -> None:
    contestants = {
        "linear": read(stored(methods.perfect)),
        "worse": read(stored(off_by(0.1, 0.2, 0.3))),
    }
    anchors = {"copy-source": read(stored(methods.copy_source))}
    found = compare_units(contestants, anchors)
    assert found is not None
    assert found.looks == 6
    tested = [unit for name in contestants for unit in found.methods[name]]
    adjusted = holm(np.array([unit.p_value for unit in tested]))
    assert [unit.p_adjusted for unit in tested] == pytest.approx(adjusted.tolist())
    for unit in found.methods["copy-source"]:
        assert unit.mae.value == 0.0
        assert np.isnan(unit.p_adjusted)
        assert unit.verdict == ""
    # An anchor changes nothing of the others.
    alone = compare_units(contestants)
    assert alone is not None
    assert alone.methods["linear"] == found.methods["linear"]
    assert alone.units == found.units


def test_methods_on_other_pairs_have_a_mean_without_interval(stored: Any, methods: Any) -> None:
    first, second = stored(methods.perfect), stored(off_by(0.1, 0.2, 0.3))
    fewer = replace(second, scores=second.scores[second.scores["target"] != "p03"])
    found = compared(first, fewer)
    for place, unit in enumerate(found.units):
        values = [found.methods[name][place].mae.value for name in ("m0", "m1")]
        assert unit.mae.value == pytest.approx(np.mean(values))
        assert np.isnan(unit.mae.low)


def test_without_a_contestant_or_a_pair_there_is_nothing_to_say(stored: Any, methods: Any) -> None:
    run = stored(methods.perfect)
    assert compare_units({}) is None
    assert compare_units({}, {"anchor": read(run)}) is None
    assert compare_units({"m": ChosenRows("test", ["nobody"]).read(run)}) is None
