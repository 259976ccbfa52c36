from __future__ import annotations

import numpy as np
import pytest

from metrics.au.facs import ACTION_UNIT_NAMES, load_facs_table, parse_facs_table

HEADER = "blendshape,action_unit,weight,source,reason\n"


def test_the_committed_table_covers_the_52_blendshapes_once() -> None:
    table = load_facs_table()
    assert len(table.blendshapes) == 52
    assert table.action_units == tuple(sorted(set(table.action_units)))
    assert all(len(unit) == 4 and unit[2:].isdigit() for unit in table.action_units)
    np.testing.assert_array_equal(table.weights.sum(axis=0), 1.0)


@pytest.mark.parametrize(
    ("unit", "shapes"),
    [
        ("AU01", {"browInnerUp"}),
        ("AU12", {"mouthSmileLeft", "mouthSmileRight"}),
        ("AU26", {"jawOpen"}),
        ("AU28", {"mouthRollLower", "mouthRollUpper"}),
        ("AU45", {"eyeBlinkLeft", "eyeBlinkRight"}),
    ],
)
def test_well_known_action_units_come_from_their_blendshapes(unit: str, shapes: set[str]) -> None:
    table = load_facs_table()
    column = table.weights[:, table.action_units.index(unit)]
    assert {table.blendshapes[i] for i in np.flatnonzero(column)} == shapes


def test_gaze_rest_and_action_descriptors_are_not_measured() -> None:
    table = load_facs_table()
    unused = {table.blendshapes[i] for i in np.flatnonzero(table.weights.sum(axis=1) == 0)}
    gaze = {name for name in table.blendshapes if name.startswith("eyeLook")}
    assert len(gaze) == 8
    assert unused == gaze | {
        "_neutral",
        "cheekPuff",
        "jawForward",
        "jawLeft",
        "jawRight",
        "mouthLeft",
        "mouthRight",
    }


def test_sides_are_averaged_and_a_missing_face_stays_missing() -> None:
    table = parse_facs_table(
        HEADER + "gaze,,,,\nsmileLeft,AU12,0.5,,\nsmileRight,AU12,0.5,,\nbrow,AU01,1,,\n"
    )
    values = np.array([[9.0, 0.2, 0.6, 0.1], [np.nan] * 4], dtype=np.float32)
    units = table.apply(values)
    assert table.action_units == ("AU01", "AU12")
    np.testing.assert_allclose(units[0], [0.1, 0.4], rtol=1e-6)
    assert np.isnan(units[1]).all()


def test_the_fingerprint_follows_the_numbers_and_not_the_reasons() -> None:
    table = parse_facs_table(HEADER + "x,AU01,1,,one reason\n")
    assert parse_facs_table(HEADER + "x,AU01,1,,another\n").fingerprint == table.fingerprint
    assert parse_facs_table(HEADER + "x,AU02,1,,one reason\n").fingerprint != table.fingerprint


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2\n", "expected the columns"),
        (HEADER + "x,AU01,1,,\nx,AU02,1,,\n", "listed twice"),
        (HEADER + "x,AU01,0.5,,\ny,AU02,1,,\n", "AU01 do not sum to 1"),
    ],
)
def test_a_wrong_table_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_facs_table(text)


def test_every_action_unit_has_its_name_in_the_manual() -> None:
    assert set(load_facs_table().action_units) <= set(ACTION_UNIT_NAMES)
    # The four that the reference paper's printed table has wrong.
    assert ACTION_UNIT_NAMES["AU05"] == "upper lid raiser"
    assert ACTION_UNIT_NAMES["AU06"] == "cheek raiser"
    assert ACTION_UNIT_NAMES["AU17"] == "chin raiser"
    assert ACTION_UNIT_NAMES["AU20"] == "lip stretcher"
    assert list(ACTION_UNIT_NAMES) == sorted(ACTION_UNIT_NAMES)
