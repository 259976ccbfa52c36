"""What is stored beside the features: image metrics against the truth, and landmarks."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import api
from bench.analysis.measures import metric_table
from bench.data.benchmark import load_benchmark
from bench.data.split import Pair
from bench.run.comparison import compare_with_truth
from bench.run.gallery import output_path
from bench.run.session import Session
from bench.run.store import StoredRun, list_runs
from metrics.contracts import AUReading, Images
from metrics.image_quality import ImageMetrics, psnr, ssim

POINTS = np.random.default_rng(0).uniform(size=(68, 2)).astype(np.float32)


@pytest.fixture(autouse=True)
def _torchmetrics_works(request: pytest.FixtureRequest) -> None:
    # A torchvision beside another torch would keep torchmetrics from starting.
    if importlib.util.find_spec("torchvision"):
        request.getfixturevalue("torchvision_works")
    pytest.importorskip("torchmetrics")


def run_of(out: Path, method: str) -> StoredRun:
    runs = [folder.read() for folder in list_runs(out, "synthfaces-64")]
    return next(run for run in runs if run.method == method)


@pytest.fixture
def landmarks(monkeypatch: pytest.MonkeyPatch, embedded: Path) -> None:
    """The made-up AU estimator finds the same 68 points in every image that it can read."""
    from bench.run import instruments

    estimator = instruments.load_au_estimator("made-up")
    plain = type(estimator).estimate

    class WithLandmarks(type(estimator)):  # type: ignore[misc]
        def estimate(self, images: Images) -> AUReading:
            reading = plain(self, images)
            return replace(reading, landmarks=np.repeat(POINTS[None], len(images), axis=0))

    monkeypatch.setattr("bench.run.instruments.load_au_estimator", lambda *_, **__: WithLandmarks())


def test_each_output_is_compared_with_the_target_s_own_image(
    embedded: Path, tmp_path: Path
) -> None:
    settings = api.Settings(out=tmp_path, limit=6, alphas=(0.0, 1.0), keep_images=True)
    api.run(["pixel-arith"], settings)
    run = run_of(tmp_path, "pixel-arith")
    session = Session(load_benchmark("synthfaces"), embedded)
    rows = run.scores[run.scores["part"] == "test"]
    assert len(rows) == 12
    for row in rows.itertuples():
        pair = Pair(row.part, row.source, row.sample, row.target)
        from PIL import Image

        picture = Image.open(output_path(run.folder, pair, row.alpha))
        output = np.asarray(picture.convert("RGB"))[None]
        truth = session.dataset.pixels(session.dataset.sample(pair.target, pair.sample))[None]
        assert row.psnr == pytest.approx(psnr(output, truth)[0], abs=1e-4)
        assert row.ssim == pytest.approx(ssim(output, truth)[0], abs=1e-4)
    assert np.isposinf(run_of(tmp_path, "real-target").scores["psnr"]).all()
    assert run.info["image_metrics"]["made_by"]["psnr"].startswith("torchmetrics")


def test_where_the_target_has_no_such_image_there_is_no_number(embedded: Path) -> None:
    session = Session(load_benchmark("synthfaces"), embedded)
    pairs = session.benchmark.pairs("test", 3)
    outputs = [(pair, session.neutral(pair.target).pixels) for pair in pairs]
    known = compare_with_truth(session, outputs)
    assert [sorted(values) for values in known] == [sorted(known[0])] * 3
    session.look_up = (  # type: ignore[method-assign]
        lambda identity, expression: None if identity == pairs[1].target else pairs_truth(session)
    )
    partly = compare_with_truth(session, outputs)
    assert [bool(values) for values in partly] == [p.target != pairs[1].target for p in pairs]
    assert compare_with_truth(session, []) == []


def pairs_truth(session: Session):  # type: ignore[no-untyped-def]
    return session.neutral(session.benchmark.pairs("test", 1)[0].target)


@pytest.mark.usefixtures("landmarks")
def test_landmarks_of_outputs_and_real_images_are_stored(tmp_path: Path) -> None:
    api.run(["pixel-arith"], api.Settings(out=tmp_path, limit=4, alphas=(0.0, 1.0)))
    run = run_of(tmp_path, "pixel-arith")
    for table in (run.scores, run.references):
        for value in table["landmarks"]:
            np.testing.assert_array_equal(np.asarray(value).reshape(68, 2), POINTS)
    values = {v.name: v for v in metric_table([run], "synthfaces-64").runs[0].values}
    assert values["lmk_nme"].estimate.value == pytest.approx(0.0, abs=1e-6)


def test_runs_of_before_and_after_read_as_one(
    embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were stored without the further columns stay, and are not made again."""
    with monkeypatch.context() as older:
        older.setattr("bench.run.instruments.load_image_metrics", ImageMetrics)
        api.run(["pixel-arith"], api.Settings(out=tmp_path, limit=3, alphas=(0.0, 1.0)))
    assert "psnr" not in run_of(tmp_path, "pixel-arith").scores
    before = run_of(tmp_path, "pixel-arith")
    api.run(["pixel-arith"], api.Settings(out=tmp_path, limit=6, alphas=(0.0, 1.0)))
    run = run_of(tmp_path, "pixel-arith")
    assert run.run_id == before.run_id
    assert run.scores["psnr"].isna().sum() == len(before.scores)
    metrics = metric_table([run], "synthfaces-64").runs[0]
    found = next(v for v in metrics.values if v.name == "ssim")
    assert (found.pairs, metrics.pairs) == (3, 6)
