"""The panel of the made-up benchmark, measured, stored, and used for the right runs only."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.instruments.floor import floor_of
from bench.analysis.instruments.panel import check_instruments, stored_floor
from bench.data.benchmark import load_benchmark
from bench.errors import BenchError
from bench.run.panels import panel_path, read_panels

NAME = "synthfaces-64"


@pytest.fixture(scope="module")
def measured(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    """The folder of runs with the stored panel, and the check."""
    out = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        data = embed(patch)
        check = check_instruments(
            load_benchmark("synthfaces"),
            data,
            out,
            method_resolutions=[16, 32, 16],
            command="typed",
        )
    return out, check


def parts_of(out: Path) -> dict[str, Any]:
    """``identity.parts`` of a run with these instruments."""
    return {"method": "m", "seed": 0, **read_panels(out, NAME)[0]["measured_with"]}


def test_the_stored_floor_is_that_of_the_check(measured: tuple[Path, Any]) -> None:
    out, check = measured
    floor = stored_floor(out, NAME, [parts_of(out), parts_of(out)])
    expected = floor_of(check.repeatability)
    assert floor is not None
    assert floor.command == "typed"
    assert floor.shifts == expected.shifts
    assert len(floor.shifts) == 6 * 2
    assert (floor.identity, floor.part, floor.images) == (expected.identity, "dev", 4 * 23)
    for score in ("expression_skill", "identity_retention", "naturalness"):
        assert 0.0 < floor.of(score) == expected.of(score)


def test_reductions_are_each_measured_once(measured: tuple[Path, Any]) -> None:
    _, check = measured
    labels = [reading.label for reading in check.repeatability.readings]
    assert labels[-2:] == ["to 32 px", "to 16 px"]
    rms = [reading.identity_rms for reading in check.repeatability.readings]
    assert rms[-1] > rms[-2] > 0.0


def test_the_file_says_how_it_was_made(measured: tuple[Path, Any]) -> None:
    out, _ = measured
    (panel,) = read_panels(out, NAME)
    assert panel["instruments"]["embedder"]["name"] == "made-up"
    assert set(panel["measured_with"]["instruments"]) == {"embedder", "au_estimator", "niqe"}
    assert panel["packages"]["pillow"]
    assert panel["created"]
    assert panel["part"] == "dev"


@pytest.mark.parametrize(
    "path",
    [
        ("resolution",), ("manifest_sha256",), ("split_sha256",),
        ("instruments", "embedder", "weights_sha256"), ("instruments", "embedder", "version"),
        ("instruments", "au_estimator", "name"), ("instruments", "niqe", "version"),
    ],
)  # fmt: skip
def test_a_floor_of_other_data_or_instruments_is_not_used(
    measured: tuple[Path, Any], path: tuple[str, ...]
) -> None:
    out, _ = measured
    other = copy.deepcopy(parts_of(out))
    place = other
    for name in path[:-1]:
        place = place[name]
    assert path[-1] in place
    place[path[-1]] = "other"
    assert stored_floor(out, NAME, [other]) is None
    # One such run on the board is enough.
    assert stored_floor(out, NAME, [parts_of(out), other]) is None
    assert stored_floor(out, NAME, [{}]) is None
    assert stored_floor(out, NAME, []) is None


def test_a_stored_floor_that_lacks_a_number_is_named(
    measured: tuple[Path, Any], tmp_path: Path
) -> None:
    out, _ = measured
    path = panel_path(tmp_path, NAME)
    path.parent.mkdir()
    for damage in ("readings", "floor", "images"):
        values = json.loads(panel_path(out, NAME).read_text(encoding="utf-8"))
        del values["panels"][0][damage]
        path.write_text(json.dumps(values), encoding="utf-8")
        with pytest.raises(BenchError, match=f"instruments.json is damaged: KeyError\\('{damage}'"):
            stored_floor(tmp_path, NAME, [parts_of(out)])


def test_a_null_is_no_number_and_no_damage(measured: tuple[Path, Any], tmp_path: Path) -> None:
    out, _ = measured
    values = json.loads(panel_path(out, NAME).read_text(encoding="utf-8"))
    for reading in values["panels"][0]["readings"]:
        for shift in reading["shifts"]:
            shift["naturalness"] = None
    path = panel_path(tmp_path, NAME)
    path.parent.mkdir()
    path.write_text(json.dumps(values), encoding="utf-8")
    floor = stored_floor(tmp_path, NAME, [parts_of(out)])
    assert floor is not None
    assert np.isnan(floor.of("naturalness"))
    assert floor.of("expression_skill") > 0.0


def test_the_same_images_give_the_same_numbers_and_test_is_another_part(
    embedded: Path, tmp_path: Path, measured: tuple[Path, Any]
) -> None:
    benchmark = load_benchmark("synthfaces")
    sides = {"method_resolutions": [32, 16]}
    again = check_instruments(benchmark, embedded, tmp_path, **sides)  # type: ignore[arg-type]
    assert again.to_dict() == measured[1].to_dict()
    other = check_instruments(benchmark, embedded, tmp_path, part="test", **sides)  # type: ignore[arg-type]
    assert other.repeatability is not None
    assert (other.repeatability.part, other.repeatability.images) == ("test", 6 * 23)


@pytest.mark.parametrize("side", [4, 64, 100])
def test_a_reduction_that_is_none_is_refused_before_the_work(
    side: int, embedded: Path, tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match=f"cannot be reduced to {side}.*8 to 63"):
        check_instruments(
            load_benchmark("synthfaces"), embedded, tmp_path, method_resolutions=[side]
        )


def test_by_default_the_smaller_resolutions_of_the_card_are_reduced_to(
    embedded: Path, tmp_path: Path
) -> None:
    benchmark = load_benchmark("synthfaces")
    defaults = dataclasses.replace(benchmark.card.benchmark, resolutions=(16, 64, 32, 128))
    card = dataclasses.replace(benchmark.card, benchmark=defaults)
    check = check_instruments(dataclasses.replace(benchmark, card=card), embedded, tmp_path)
    assert check.repeatability is not None
    names = [reading.name for reading in check.repeatability.readings]
    assert names[6:] == ["reduce-32", "reduce-16"]
