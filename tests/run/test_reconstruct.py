"""Encode and decode: what is measured, and what a method may do wrong."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bench import api
from bench.data.benchmark import load_benchmark
from bench.errors import BenchError
from bench.plugins.registry import MethodEntry, load_method
from bench.run.reconstruct import Reconstructions, faces_of_part, reconstruct
from bench.run.session import Session

PLUGIN = """
import numpy as np
from bench.plugins.contracts import MethodCard

class Darker:
    card = MethodCard("darker", "for tests")
    def __init__(self, by: int = 10, breaks_at: str = "") -> None:
        self.by, self.breaks_at = by, breaks_at
    def prepare(self, context):
        return {}
    def transfer(self, requests):
        return np.stack([request.source.pixels for request in requests])
    def reconstruct(self, faces):
        if any(face.sample == self.breaks_at for face in faces):
            raise RuntimeError("no")
        return np.stack([np.maximum(face.pixels, self.by) - self.by for face in faces])
"""


@pytest.fixture(autouse=True)
def _torchmetrics_works(request: pytest.FixtureRequest) -> None:
    # A torchvision beside another torch would keep torchmetrics from starting.
    if importlib.util.find_spec("torchvision"):
        request.getfixturevalue("torchvision_works")
    pytest.importorskip("torchmetrics")


@pytest.fixture
def session(embedded: Path) -> Session:
    return Session(load_benchmark("synthfaces"), embedded)


@pytest.fixture
def darker(tmp_path: Path) -> MethodEntry:
    (tmp_path / "darker.py").write_text(PLUGIN)
    return load_method(str(tmp_path / "darker.py"))


def made(session: Session, entry: MethodEntry, **parameters: str) -> Reconstructions:
    return reconstruct(session, entry, parameters, faces_of_part(session, "test", 80))


def test_the_images_are_those_of_the_test_part(session: Session) -> None:
    faces = faces_of_part(session, "test")
    assert {face.identity for face in faces} == set(session.benchmark.split.identities("test"))
    assert len(faces) == 6 * 23
    first = faces_of_part(session, "test", 30)
    assert len({face.identity for face in first}) > 4, "a limit takes images of many people"
    assert [f.key for f in faces_of_part(session, "test", 10)] == [f.key for f in first[:10]]


def test_pixels_lose_nothing(session: Session) -> None:
    found = made(session, load_method("pixel-arith"))
    assert set(found.outcomes) == {"ok"}
    assert np.isposinf(found.values["psnr"]).all()
    for name in ("id_dist", "au_mae"):
        np.testing.assert_array_equal(found.values[name], 0.0)


def test_what_is_lost_is_measured(session: Session, darker: MethodEntry) -> None:
    """Ten levels are one of the made-up Action Units, on every face."""
    found = made(session, darker)
    np.testing.assert_allclose(found.values["psnr"], 20 * np.log10(255 / 10), atol=0.2)
    assert (found.values["ssim"] < 1.0).all()
    np.testing.assert_allclose(found.values["au_mae"], 1.0, atol=0.02)
    assert (found.values["id_dist"] > 0.0).all()
    worse = made(session, darker, by="30")
    for name, up in (("psnr", False), ("ssim", False), ("au_mae", True), ("id_dist", True)):
        change = worse.values[name] - found.values[name]
        assert (change > 0).all() == up


def test_batches_do_not_count(
    session: Session, darker: MethodEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made(session, darker)
    monkeypatch.setattr("bench.run.reconstruct.CHUNK_IMAGES", 7)
    parts = made(session, darker)
    for name, values in whole.values.items():
        np.testing.assert_allclose(parts.values[name], values, atol=1e-5)


def test_a_face_that_the_method_cannot_do_is_no_number(
    session: Session, darker: MethodEntry
) -> None:
    found = made(session, darker, breaks_at="sad")
    failed = np.array([face.sample == "sad" for face in found.faces])
    assert 0 < failed.sum() < len(failed)
    assert [outcome == "method_error" for outcome in found.outcomes] == failed.tolist()
    assert [image is None for image in found.images] == failed.tolist()
    for values in found.values.values():
        np.testing.assert_array_equal(np.isnan(values), failed)


def test_a_method_without_it_is_refused_by_name(embedded: Path) -> None:
    with pytest.raises(
        BenchError,
        match=r"'copy-source' does not reconstruct.*bench reconstruct .*glow-arith.*pixel-arith",
    ):
        api.reconstruct(["pixel-arith", "copy-source"], api.Settings())


def test_the_sheet_may_be_forbidden_by_the_licence(
    embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = api.Settings(limit=4)
    with pytest.raises(BenchError, match=r"sheet\.jpg is no \.png"):
        api.reconstruct(["pixel-arith"], settings, tmp_path / "sheet.jpg")
    card = embedded / "card.toml"
    text = card.read_text()
    try:
        card.write_text(text.replace("may_show_images = true", "may_show_images = false"))
        with pytest.raises(BenchError, match="does not let its images be shown"):
            api.reconstruct(["pixel-arith"], settings, tmp_path / "sheet.png")
    finally:
        card.write_text(text)


def test_methods_take_the_parameters_that_they_have(embedded: Path, tmp_path: Path) -> None:
    (tmp_path / "darker.py").write_text(PLUGIN)
    settings = api.Settings(limit=6, parameters={"by": "20"})
    table = api.reconstruct(["pixel-arith", str(tmp_path / "darker.py")], settings)
    assert [method.parameters for method in table.methods] == [{}, {"by": "20"}]
    error = next(v for v in table.methods[1].values if v.name == "au_mae")
    assert error.estimate.value == pytest.approx(2.0, abs=0.05)
