"""What is learned: losses that fall, and terms that do what they are for."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from metrics.au.synth import SynthAUEstimator
from metrics.synth_network import FaceNetwork, NetworkConfig
from metrics.training.au import AULesson
from metrics.training.changes import Changes
from metrics.training.embedder import EmbedderLesson, relative_slope
from metrics.training.faces import Faces, part_faces
from metrics.training.loop import TrainingOptions, train

PLAIN = Changes(share=0.0)


@pytest.fixture
def sides(faces: Faces) -> tuple[Faces, Faces]:
    return part_faces(faces, 0.25, seed=0)


def quick(out: Path, steps: int) -> TrainingOptions:
    return TrainingOptions(
        out, steps=steps, batch=24, learning_rate=5e-3, warmup=5, average=0.9, measure_every=steps
    )


def test_action_units_of_people_never_seen_are_learned(
    sides: tuple[Faces, Faces], tmp_path: Path
) -> None:
    lesson = AULesson(*sides, NetworkConfig(3, 16, (12, 16)), changes=PLAIN)
    path = train(lesson, quick(tmp_path, 150))
    estimator = SynthAUEstimator(path)
    held_out = sides[1]
    reading = estimator.estimate(held_out.images.transpose(0, 2, 3, 1))
    assert estimator.action_units == ("AU04", "AU12")
    assert reading.outcomes.count("ok") >= 0.9 * len(held_out.images)
    ok = np.array(reading.outcomes) == "ok"
    for column in range(2):
        read, truth = reading.values[ok, column], held_out.intensities[ok, column]
        assert np.corrcoef(read, truth)[0, 1] > 0.8
    noise = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    refused = estimator.estimate(noise)
    assert refused.outcomes.count("no_face") >= 36
    assert np.isnan(refused.values[np.array(refused.outcomes) == "no_face"]).all()


def test_people_never_seen_are_told_apart_whatever_they_show(
    sides: tuple[Faces, Faces], tmp_path: Path
) -> None:
    lesson = EmbedderLesson(*sides, NetworkConfig(8, 16, (12, 16)), changes=PLAIN)
    untrained = lesson.measure(lesson.make_module().network.eval())
    train(lesson, quick(tmp_path, 120))
    trained = json.loads((tmp_path / "result.json").read_text())["held_out"]
    assert trained["equal_error_rate"] < 0.15
    assert trained["equal_error_rate"] < untrained["equal_error_rate"]
    assert trained["same"] - trained["different"] > 0.15


def test_the_expression_of_a_strong_ghost_is_not_learned(sides: tuple[Faces, Faces]) -> None:
    """With all faces ghosts and none of them faint, the truth has no part in the loss."""
    lesson = AULesson(*sides, NetworkConfig(3, 16, (4,)), changes=PLAIN, ghosts=1.0, faint=-1.0)
    other = dataclasses.replace(sides[0], intensities=5.0 - sides[0].intensities)
    module = lesson.make_module().requires_grad_(False)
    losses = [
        float(le.loss(module, 16, torch.Generator().manual_seed(3)))
        for le in (lesson, dataclasses.replace(lesson, learned=other))
    ]
    assert losses[0] == losses[1]
    faint = dataclasses.replace(lesson, faint=0.5)
    assert float(faint.loss(module, 16, torch.Generator().manual_seed(3))) != losses[0]


def test_the_measure_of_a_perfect_reader_is_perfect(sides: tuple[Faces, Faces]) -> None:
    held_out = sides[1]

    class Perfect(FaceNetwork):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            logit = torch.full((len(images), 1), 3.0)
            if len(images) != len(held_out.images):
                return torch.cat([torch.zeros(len(images), 2), logit], dim=1)
            return torch.cat([torch.from_numpy(held_out.intensities) / 5.0, logit], dim=1)

    config = NetworkConfig(3, 16, (4,))
    measured = AULesson(*sides, config).measure(Perfect(config))
    assert measured["least_r"] == pytest.approx(1.0)
    assert measured["mean_absolute_error"] == pytest.approx(0.0, abs=1e-6)
    assert measured["faces_found"] == 1.0
    assert set(measured["no_faces_refused"].values()) == {0.0}
    assert measured["r"] == {"AU04": 1.0, "AU12": 1.0}


def test_an_embedding_that_shows_the_expression_is_found_out(sides: tuple[Faces, Faces]) -> None:
    held_out = sides[1]
    strength = np.sqrt(np.square(held_out.intensities).mean(axis=1))

    class Follower(FaceNetwork):
        """Each person on an axis of its own, turned away with the strength of the expression."""

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            rows = np.eye(4)[held_out.identities]
            rows[:, 3] = 0.2 * strength
            return torch.from_numpy(rows).float()

    config = NetworkConfig(4, 16, (4,))
    measured = EmbedderLesson(*sides, config).measure(Follower(config))
    assert measured["equal_error_rate"] == 0.0
    assert abs(measured["follows_expression"]) > 0.3


def test_the_slope_is_that_of_distances_over_differences_of_expression() -> None:
    """Embeddings on an arc whose angle is the intensity: the chord is nearly the difference."""
    intensity = torch.rand(6, 4, 1, generator=torch.Generator().manual_seed(0)) * 0.2
    arc = torch.cat([intensity.cos(), intensity.sin()], dim=2)
    first, second = torch.triu_indices(4, 4, offset=1)
    mean = (intensity[:, first] - intensity[:, second]).abs().mean()
    assert float(relative_slope(arc, intensity) * mean) == pytest.approx(1.0, abs=0.02)
    still = torch.ones(6, 4, 1)
    assert float(relative_slope(arc, still)) == 0.0


def test_the_slope_is_none_where_distances_are_all_alike() -> None:
    corners = torch.eye(4).expand(5, 4, 4)
    intensities = torch.rand(5, 4, 3, generator=torch.Generator().manual_seed(0))
    assert float(relative_slope(corners, intensities)) == pytest.approx(0.0, abs=1e-5)


def test_levelling_adds_the_square_of_the_slope(sides: tuple[Faces, Faces]) -> None:
    config = NetworkConfig(4, 16, (4,))
    lesson = EmbedderLesson(*sides, config, changes=PLAIN, levelling=0.0)
    module = lesson.make_module().requires_grad_(False)
    none, one, two = (
        float(
            dataclasses.replace(lesson, levelling=weight).loss(
                module, 16, torch.Generator().manual_seed(1)
            )
        )
        for weight in (0.0, 1.0, 2.0)
    )
    assert one > none
    assert two - none == pytest.approx(2.0 * (one - none), rel=1e-3)


def test_a_batch_holds_several_images_of_each_of_its_people(sides: tuple[Faces, Faces]) -> None:
    config = NetworkConfig(4, 16, (4,))
    for each in (3, 9):
        lesson = EmbedderLesson(*sides, config, images_each=each)
        rows = lesson._choose(18, torch.Generator().manual_seed(0)).reshape(-1, each)
        people = sides[0].identities[rows]
        assert (people == people[:, :1]).all()
        # Six images a person: nine are three of them twice.
        assert {len(set(row)) for row in rows.tolist()} == {min(each, 6)}
