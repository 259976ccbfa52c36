"""What perturbations change, on instruments simple enough to say it beforehand."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench.analysis.instruments.board_shifts import BoardShift, board_shifts
from bench.analysis.instruments.floor import floor_of, largest_shift
from bench.analysis.instruments.repeatability import Repeatability, repeatability
from bench.data.dataset import Sample
from bench.data.split import Pair
from bench.run.instruments import Features
from bench.run.perturbed import PerturbedReadings, Reading, read_perturbed
from metrics.perturbations import Perturbation, perturbations, shift

PEOPLE = tuple(f"p{number}" for number in range(8))
UNITS = ("AU06", "AU12")
SHIFT = Perturbation("shift-left", "shift", "1 pixel left", shift)
REDUCTION = Perturbation("reduce-8", "reduction", "to 8 px", shift)
SAMPLES = tuple(
    Sample(person, name, name, name == "neutral")
    for person in PEOPLE
    for name in ("neutral", "smiling")
)
PAIRS = [Pair("dev", s, "smiling", t) for s in PEOPLE for t in PEOPLE]
SMILE = np.array([1.0, 3.0])


def reading(**changes: Any) -> Reading:
    """Everybody's smile is the same change; two images of one person are close."""
    random = np.random.default_rng(0)
    values, embeddings = [], []
    for _ in PEOPLE:
        rest, who = random.uniform(0.0, 0.5, 2), random.normal(size=16)
        values += [rest, rest + SMILE]
        embeddings += [who, who + random.normal(scale=0.2, size=16)]
    rows = np.array(embeddings)
    read = Reading(
        outcomes=np.full(len(SAMPLES), "ok"),
        action_units=np.array(values),
        embeddings=rows / np.linalg.norm(rows, axis=1, keepdims=True),
        niqe=np.full(len(SAMPLES), 4.0),
    )
    return dataclasses.replace(read, **changes)


def readings(after: Reading, perturbation: Perturbation = SHIFT) -> PerturbedReadings:
    return PerturbedReadings(
        part="dev",
        samples=SAMPLES,
        is_neutral=np.array([sample.name == "neutral" for sample in SAMPLES]),
        action_units=UNITS,
        original=reading(),
        perturbed={perturbation: after},
        cards={},
    )


def repeated(after: Reading, perturbation: Perturbation = SHIFT) -> Repeatability:
    return repeatability(readings(after, perturbation), PAIRS, "0..5")


def shift_of(after: Reading, anchor: str) -> BoardShift:
    (shifts,) = board_shifts(readings(after), PAIRS).values()
    return next(shift for shift in shifts if shift.anchor == anchor)


class MeanGrey:
    """Reads the mean grey as Action Unit, and its angle as identity."""

    action_units = ("AU12",)

    def measure(self, images: list[Any], *, real: bool = False) -> list[Features]:
        greys = [float(image.mean()) for image in images]
        return [
            Features("ok", np.array([g]), np.array([np.cos(g / 100), np.sin(g / 100)]), g)
            for g in greys
        ]

    def cards(self) -> dict[str, object]:
        return {}


def test_the_floor_of_a_mean_grey_under_shifts_is_the_slope_of_the_image() -> None:
    """A ramp of slope g loses one column and repeats another: its mean moves by g (n - 1) / n."""
    slopes = {"p0": 2, "p1": 3}
    frames = {
        person: np.repeat(
            np.broadcast_to(slope * np.arange(20, dtype=np.uint8), (20, 20))[..., None], 3, axis=2
        )
        for person, slope in slopes.items()
    }
    samples = {person: Sample(person, "neutral", "neutral", True) for person in slopes}
    session: Any = SimpleNamespace(
        benchmark=SimpleNamespace(split=SimpleNamespace(identities=lambda part: list(slopes))),
        dataset=SimpleNamespace(
            samples=lambda person: [samples[person]],
            pixels=lambda sample: frames[sample.identity],
        ),
        neutral=lambda person: SimpleNamespace(key=(person, "neutral")),
        instruments=MeanGrey(),
    )
    heard: list[int] = []
    read = read_perturbed(session, "dev", perturbations()[:4], heard.append)
    assert sum(heard) == 2 * 5
    found = {r.name: r for r in repeatability(read, [], "grey").readings}
    moves = np.array([2, 3]) * 19 / 20
    for name in ("shift-left", "shift-right"):
        assert found[name].au_mean_absolute == {"AU12": pytest.approx(moves.mean())}
        assert found[name].au_rms == pytest.approx(np.sqrt(np.square(moves).mean()))
        # The chord of an angle.
        assert found[name].identity_mean == pytest.approx((2 * np.sin(moves / 200)).mean())
    for name in ("shift-up", "shift-down"):
        assert found[name].au_rms == found[name].identity_rms == 0.0
    floor = floor_of(repeatability(read, [], "grey"))
    assert floor.action_units == pytest.approx(np.sqrt(np.square(moves).mean()))


def test_nothing_changed_is_no_shift_and_no_floor() -> None:
    measured = repeated(reading())
    (row,) = measured.readings
    assert (row.identity_rms, row.au_rms, row.images) == (0.0, 0.0, len(SAMPLES))
    assert measured.coverage == row.coverage == 1.0
    assert {s.anchor for s in row.shifts} == {"real-target", "shuffled-source"}
    for score in ("expression_skill", "identity_retention", "naturalness"):
        assert floor_of(measured).of(score) == 0.0
    assert floor_of(measured).of_transfer_score() == 0.0


def test_a_constant_error_of_the_estimator_shifts_the_skill_by_its_square() -> None:
    """real-target is perfect here, so E falls from 1 by |c|^2 / |ds|^2."""
    error = np.array([0.3, -0.4])
    found = shift_of(reading(action_units=reading().action_units + error), "real-target")
    assert found.expression_skill == pytest.approx(-(error @ error) / (SMILE @ SMILE))
    assert found.identity_retention == pytest.approx(0.0, abs=1e-12)
    assert found.naturalness == pytest.approx(0.0, abs=1e-12)


def test_niqe_twice_as_high_halves_the_naturalness_and_half_as_high_is_seen_beyond_one() -> None:
    assert shift_of(reading(niqe=np.full(16, 8.0)), "real-target").naturalness == -0.5
    assert shift_of(reading(niqe=np.full(16, 2.0)), "real-target").naturalness == 1.0


def test_everybody_alike_loses_the_identity() -> None:
    """An output as far from its target as the source's neutral face is has R = 0."""
    before = shift_of(reading(), "real-target").identity_retention
    alike = np.tile(np.eye(16)[0], (16, 1))
    assert before == 0.0
    assert shift_of(reading(embeddings=alike), "real-target").identity_retention < -0.3


def test_errors_that_cancel_are_no_floor_of_a_board_but_one_of_an_image() -> None:
    random = np.random.default_rng(1)
    signs = random.choice([-1.0, 1.0], (16, 2))
    signs[1::2] = np.tile([[1.0, 1.0], [-1.0, -1.0]], (4, 1))
    noisy = reading(action_units=reading().action_units + 0.1 * signs)
    floor = floor_of(repeated(noisy))
    assert floor.action_units == pytest.approx(0.1)
    (row,) = repeated(noisy).readings
    real = next(s for s in row.shifts if s.anchor == "real-target")
    assert abs(real.expression_skill) == pytest.approx(2 * 0.01 / (SMILE @ SMILE))


def test_faces_that_are_not_found_afterwards_count_as_on_a_board() -> None:
    after = reading()
    outcomes, values = after.outcomes.copy(), after.action_units.copy()
    outcomes[:4], values[:4] = "no_face", np.nan
    measured = repeated(reading(outcomes=outcomes, action_units=values))
    (row,) = measured.readings
    assert (row.images, row.coverage) == (12, 0.75)
    assert measured.coverage == 1.0
    assert row.au_rms == 0.0
    # A failed pair scores as the worst anchor there.
    assert largest_shift(row.shifts, "expression_skill") < -0.1


def test_no_face_at_all_is_undefined_and_still_json() -> None:
    blind = reading(
        outcomes=np.full(16, "no_face"), action_units=np.full((16, 2), np.nan, dtype=np.float64)
    )
    row = repeated(blind).readings[0]
    assert row.images == 0
    assert np.isnan([row.au_rms, row.identity_rms, *row.au_mean_absolute.values()]).all()
    read = readings(blind)
    nothing = dataclasses.replace(read, original=blind)
    measured = repeatability(nothing, PAIRS, "0..5")
    assert measured.coverage == 0.0
    assert np.isnan(floor_of(measured).of("expression_skill"))


def test_a_reduction_is_measured_and_is_no_part_of_the_floor() -> None:
    worse = reading(action_units=reading().action_units + 1.0, niqe=np.full(16, 8.0))
    measured = repeated(worse, REDUCTION)
    assert measured.readings[0].au_rms == pytest.approx(1.0)
    assert floor_of(measured).shifts == ()
    assert np.isnan(floor_of(measured).action_units)


@pytest.mark.parametrize(
    ("moved", "scores", "expected"),
    [
        # The harmonic mean of three equal numbers is that number.
        ((-0.1, -0.1, -0.1), (0.5, 0.5, 0.5), 0.1),
        ((0.1, 0.1, 0.1), (0.5, 0.5, 0.5), 0.1),
        # E may only reach 0, and with it the score.
        ((-0.3, 0.0, 0.0), (0.2, 1.0, 1.0), 3 / (1 / 0.2 + 2)),
        # Q has an upper limit.
        ((0.0, 0.0, 0.5), (1.0, 1.0, 1.0), 0.0),
        ((0.0, 0.0, -0.5), (1.0, 1.0, 1.0), 1 - 3 / 4),
    ],
)
def test_floor_of_the_score_by_hand(
    moved: tuple[float, float, float], scores: tuple[float, float, float], expected: float
) -> None:
    floor = dataclasses.replace(
        floor_of(repeated(reading())), shifts=(BoardShift("real-target", *moved),)
    )
    assert floor.of_transfer_score(scores) == pytest.approx(expected)


def test_the_floor_is_the_largest_in_size_over_perturbations_and_anchors() -> None:
    shifts = (
        BoardShift("real-target", 0.01, -0.05, np.nan),
        BoardShift("shuffled-source", -0.02, 0.04, np.nan),
    )
    floor = dataclasses.replace(floor_of(repeated(reading())), shifts=shifts)
    assert floor.of("expression_skill") == 0.02
    assert floor.of("identity_retention") == 0.05
    assert np.isnan(floor.of("naturalness"))
    assert np.isnan(floor.of_transfer_score())


def test_self_pairs_and_people_without_that_expression_are_left_out() -> None:
    alone = [pair for pair in PAIRS if pair.kind == "self"]
    assert board_shifts(readings(reading()), alone) == {SHIFT: ()}
    read = readings(reading())
    renamed = tuple(
        dataclasses.replace(s, expression=f"smile of {s.identity}") if s.name == "smiling" else s
        for s in read.samples
    )
    (shifts,) = board_shifts(dataclasses.replace(read, samples=renamed), PAIRS).values()
    assert [s.anchor for s in shifts] == ["shuffled-source"]
    json.dumps([dataclasses.asdict(s) for s in shifts], allow_nan=False)
