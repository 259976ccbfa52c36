"""What must not win does not, and the board says why."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bench import api
from bench.data.split import Pair
from bench.methods import controls
from bench.methods.controls import BestOfTest, Blur, Fails, Noise, is_failing
from bench.methods.pixel_arith import PixelArithmetic
from bench.run.outputs import call_method

SIZE = 16


def transfer(method, context, requests) -> np.ndarray:
    method.prepare(context)
    return method.transfer(requests)


@pytest.fixture
def requests(request_for):
    return [request_for(s, t, alpha) for s in "ab" for t in "cd" for alpha in (0.0, 1.0)]


def test_noise_is_decided_by_the_seed_and_the_request_alone(context, requests):
    images = transfer(Noise(), context, requests)
    again = [transfer(Noise(), context, [request])[0] for request in requests[::-1]]
    np.testing.assert_array_equal(images, again[::-1])
    other = transfer(Noise(), dataclasses.replace(context, seed=1), requests)
    assert (images != other).any()


def test_the_noise_is_as_strong_as_it_says(context, faces, request_for):
    grey = np.full((SIZE, SIZE, 3), 128, np.uint8)
    flat = dataclasses.replace(faces["b", "neutral"], pixels=grey)
    request = dataclasses.replace(request_for("a", "b", 0.0), target_reference=(flat,))
    noise = transfer(Noise(), context, [request] * 2) - 128 / 255
    np.testing.assert_array_equal(noise[0], noise[1])
    assert noise.std() == pytest.approx(controls.NOISE, rel=0.1)
    assert noise.mean() == pytest.approx(0.0, abs=0.01)


def test_blur_smooths_and_keeps_the_colours(context, requests):
    sharp = transfer(PixelArithmetic(), context, requests)
    blurred = transfer(Blur(), context, requests)
    assert blurred.dtype == np.float32
    np.testing.assert_allclose(blurred.mean(axis=(1, 2)), sharp.mean(axis=(1, 2)), atol=0.01)
    assert np.abs(np.diff(blurred, axis=1)).mean() < np.abs(np.diff(sharp, axis=1)).mean()


def test_a_fifth_of_the_pairs_fails_at_every_alpha(context, faces, request_for):
    pairs = [Pair("test", f"s{i}", "happy", f"t{j}") for i in range(60) for j in range(60)]
    share = np.mean([is_failing(pair) for pair in pairs])
    assert share == pytest.approx(0.2, abs=0.02)
    failing = next(pair for pair in pairs if is_failing(pair))
    fine = next(pair for pair in pairs if not is_failing(pair))
    requests = [
        dataclasses.replace(request_for("a", "b", alpha), pair=pair)
        for pair in (failing, fine)
        for alpha in (0.0, 0.7)
    ]
    method = Fails()
    method.prepare(context)
    outputs = call_method(method, requests, SIZE)
    assert [output.outcome for output in outputs] == ["method_error"] * 2 + ["ok"] * 2
    arithmetic = PixelArithmetic()
    arithmetic.prepare(context)
    expected = call_method(arithmetic, requests, SIZE)[3]
    np.testing.assert_array_equal(outputs[3].pixels, expected.pixels)


def test_best_of_test_is_a_third_person_with_the_expression(context, faces, request_for):
    stranger = dataclasses.replace(context, stranger=lambda pair: faces["d", "neutral"])
    image = transfer(BestOfTest(), context, [request_for("a", "b")])[0]
    np.testing.assert_array_equal(image, faces["c", "smiling"].pixels)
    image = transfer(BestOfTest(), stranger, [request_for("a", "b")])[0]
    np.testing.assert_array_equal(image, faces["d", "neutral"].pixels)


def test_the_arithmetic_is_part_of_the_identity_of_its_controls(context):
    assert len(Fails().prepare(context)["arithmetic_sha256"]) == 64


@pytest.mark.slow
def test_no_control_wins_on_the_drawn_faces(tmp_path: Path):
    files = []
    for control in (Noise, Blur, Fails, BestOfTest):
        files.append(tmp_path / f"{control.card.name}.py")
        files[-1].write_text(
            f"from bench.methods.controls import {control.__name__} as Base\n"
            f"class Control(Base):\n    card = Base.card\n"
        )
    settings = api.Settings(out=tmp_path / "runs", alphas=(0.0, 0.8, 1.0, 1.3), limit=60)
    board = api.run(["pixel-arith", *map(str, files)], settings)
    rows = {row.method: row for row in board.rows}
    best = rows["pixel-arith"]
    names = [file.stem for file in files]
    assert best.rank == 1
    assert all(rows[name].transfer_score.high < best.transfer_score.value for name in names)
    # Noise and blur cost naturalness, though the AU estimator hardly minds them.
    for name in ("control-noise", "control-blur"):
        assert rows[name].expression_skill.value > 0.7
        assert rows[name].naturalness.value < 0.8 * best.naturalness.value
    # Every Action Unit is right, and the person is wrong.
    stolen = rows["control-best-of-test"]
    assert stolen.raw_expression_skill.value > 0.9
    assert abs(stolen.identity_retention.value) < 0.1
    assert stolen.transfer_score.value < 0.2
    # What fails is as good as pixel arithmetic but for the pairs at which it fails.
    failing = rows["control-fails"]
    assert failing.coverage == pytest.approx(0.8, abs=0.12)
    assert failing.failures == {"method_error": round(60 * (1.0 - failing.coverage))}
    assert failing.rank_without_failures < failing.rank
    said = " ".join(board.notes)
    assert f"control-fails {failing.rank} -> {failing.rank_without_failures}" in said
