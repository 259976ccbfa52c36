"""The generators that come with the package."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from bench.data.benchmark import load_benchmark
from bench.methods.gan_inversion import GanInversion
from bench.methods.generator.shipped import SHIPPED, shipped_path
from bench.run.session import Session

LARGEST = 5_000_000


@pytest.mark.parametrize("name", SHIPPED)
def test_the_file_is_the_one_that_is_trusted_and_small(name):
    path = shipped_path(name.rpartition("-")[0])
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == SHIPPED[name]
    assert SHIPPED[name] in (path.parent / "README.md").read_text()
    assert len(content) < LARGEST


def test_a_dataset_without_a_generator():
    assert shipped_path("london") is None


@pytest.mark.slow
def test_people_that_it_has_not_seen_are_reconstructed_and_stay_themselves(context):
    benchmark = load_benchmark("synthfaces")
    session = Session(benchmark, benchmark.card.data_folder(None))
    people = benchmark.split.identities("test")[:8]
    faces = [session.face(s) for person in people for s in session.dataset.samples(person)[:2]]
    method = GanInversion(perceptual="none")
    method.prepare(dataclasses.replace(context, dataset="synthfaces", resolution=64))
    images = method.reconstruct(faces) / 255.0
    originals = np.stack([face.pixels for face in faces]) / 255.0
    errors = ((images[:, None] - originals[None]) ** 2).mean(axis=(2, 3, 4))
    assert -10.0 * np.log10(np.diag(errors)).mean() > 25.0
    # Of all the pictures, the nearest is of the same person.
    assert (errors.argmin(axis=1) // 2 == np.arange(16) // 2).all()
