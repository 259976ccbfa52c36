from __future__ import annotations

import hashlib
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from metrics import AUEstimator
from metrics.au.facs import ACTION_UNIT_NAMES
from metrics.au.pyfeat import ACTION_UNITS, PY_FEAT, PyFeatAUEstimator
from metrics.au.pyfeat_loading import pyfeat_problem
from metrics.au.pyfeat_weights import DOWNLOAD, find_pyfeat_weights
from metrics.torchvision_check import require_torchvision


def frame(faces: int, score: float, level: int, side: int = 256) -> NDArray[np.uint8]:
    """A picture in which the double sees that."""
    return np.full((side, side, 3), (faces, round(100 * score), level), dtype=np.uint8)


@pytest.fixture
def double(feat_double: Path) -> Any:
    return importlib.import_module("feat")


def test_it_reads_probabilities_of_twenty_units(feat_double: Path, feat_weights: Path) -> None:
    estimator = PyFeatAUEstimator(feat_weights)
    assert isinstance(estimator, AUEstimator)
    assert estimator.action_units == ACTION_UNITS == tuple(sorted(ACTION_UNITS))
    assert len(ACTION_UNITS) == 20
    assert set(ACTION_UNITS) <= set(ACTION_UNIT_NAMES)
    reading = estimator.estimate(np.stack([frame(1, 0.9, 51), frame(1, 0.6, 255)]))
    assert reading.outcomes == ["ok", "ok"]
    np.testing.assert_allclose(reading.values, [[0.2] * 20, [1.0] * 20], rtol=1e-6)
    assert reading.landmarks is not None
    np.testing.assert_allclose(reading.landmarks[0, 0], [100.0 / 256.0, 150.0 / 256.0], rtol=1e-6)


def test_no_face_and_several_faces_are_outcomes(feat_double: Path, feat_weights: Path) -> None:
    images = np.stack([frame(0, 0.0, 9), frame(1, 0.4, 9), frame(2, 0.8, 9), frame(1, 0.8, 9)])
    reading = PyFeatAUEstimator(feat_weights).estimate(images)
    assert reading.outcomes == ["no_face", "no_face", "several_faces", "ok"]
    assert reading.landmarks is not None
    for values in (reading.values, reading.landmarks.reshape(4, -1)):
        np.testing.assert_array_equal(np.isnan(values).all(axis=1), [True, True, True, False])


def test_it_is_given_whole_bytes_and_never_fractions(double: Any, feat_weights: Path) -> None:
    estimator = PyFeatAUEstimator(feat_weights)
    image = frame(1, 0.9, 200)
    with pytest.raises(ValueError, match="uint8"):
        estimator.estimate((image / 255.0)[None])
    estimator.estimate(image[None])
    (given,) = double.built[-1].given
    assert given.dtype == torch.uint8
    assert given.shape == (1, 3, 256, 256)
    assert given[0, :, 0, 0].tolist() == [1, 90, 200]


def test_a_reading_depends_on_nothing_but_its_image(feat_double: Path, feat_weights: Path) -> None:
    estimator = PyFeatAUEstimator(feat_weights)
    images = np.stack([frame(1, 0.9, level) for level in range(10, 80, 10)])
    together = estimator.estimate(images).values
    order = np.random.default_rng(0).permutation(len(images))
    np.testing.assert_array_equal(estimator.estimate(images[order]).values, together[order])
    np.testing.assert_array_equal(estimator.estimate(images[3:4]).values, together[3:4])
    empty = estimator.estimate(np.empty((0, 64, 64, 3), dtype=np.uint8))
    assert empty.outcomes == []
    assert empty.values.shape == (0, 20)


def test_small_frames_are_enlarged(double: Any, feat_weights: Path) -> None:
    reading = PyFeatAUEstimator(feat_weights).estimate(frame(1, 0.9, 51, side=64)[None])
    assert reading.outcomes == ["ok"]
    assert double.built[-1].given[0].shape == (1, 3, 256, 256)


def spoil(folder: Path) -> None:
    """Makes the multitask file one that py-feat refuses after its side effects."""
    save_file({"other": torch.zeros(1)}, folder / "face_multitask_v28.safetensors")


@pytest.mark.parametrize("fails", [False, True])
def test_the_process_is_left_as_it_was(
    feat_double: Path, feat_weights: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(sys.modules["__main__"], "SVMClassifier", "mine", raising=False)
    names = set(vars(sys.modules["__main__"]))
    if fails:
        spoil(feat_weights)
        with pytest.raises(ValueError, match="does not fit py-feat"):
            PyFeatAUEstimator(feat_weights)
    else:
        PyFeatAUEstimator(feat_weights).estimate(frame(1, 0.9, 51)[None])
    assert torch.is_grad_enabled()
    assert "OMP_NUM_THREADS" not in os.environ
    assert set(vars(sys.modules["__main__"])) == names
    assert vars(sys.modules["__main__"])["SVMClassifier"] == "mine"
    assert "HF_HUB_OFFLINE" not in os.environ


def test_gradients_that_were_off_stay_off(feat_double: Path, feat_weights: Path) -> None:
    with torch.no_grad():
        PyFeatAUEstimator(feat_weights)
        assert not torch.is_grad_enabled()


def test_the_network_is_never_asked(
    double: Any, feat_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub: Any = ModuleType("huggingface_hub.constants")
    hub.HF_HUB_OFFLINE = False
    monkeypatch.setitem(sys.modules, "huggingface_hub.constants", hub)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    resolve = double.utils.hf_hub_download_with_fallback
    PyFeatAUEstimator(feat_weights)
    assert double.built[-1].offline == "1"
    assert os.environ["HF_HUB_OFFLINE"] == "0"
    assert hub.HF_HUB_OFFLINE is False
    assert double.utils.hf_hub_download_with_fallback is resolve


def test_it_runs_in_full_precision_and_without_identity(double: Any, feat_weights: Path) -> None:
    PyFeatAUEstimator(feat_weights)
    assert double.built[-1].amp is False
    assert double.built[-1].identity_model is None


def test_the_card_says_how_a_number_was_made(feat_double: Path, feat_weights: Path) -> None:
    card = PyFeatAUEstimator(feat_weights).card
    multitask = (feat_weights / "face_multitask_v28.safetensors").read_bytes()
    detector = (feat_weights / "retinaface_r34.safetensors").read_bytes()
    assert card.scale == "probability 0..1"
    assert card.weights_sha256 == hashlib.sha256(multitask).hexdigest()
    assert hashlib.sha256(detector).hexdigest()[:8] in card.version
    assert "feat." in card.version
    assert "non-commercial research" in card.licence
    assert card.action_units == ACTION_UNITS


def test_weights_are_found_in_all_places(
    feat_double: Path, feat_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    multitask = feat_weights / "face_multitask_v28.safetensors"
    detector = feat_weights / "retinaface_r34.safetensors"
    assert find_pyfeat_weights(feat_weights).detector == detector
    assert find_pyfeat_weights(multitask).detector == detector
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path))
    assert find_pyfeat_weights().multitask == multitask
    monkeypatch.delenv("BENCH_WEIGHTS")
    resources = feat_double / "resources"
    for name, repository, file_name in (
        (multitask, "face_multitask_v2", multitask.name),
        (detector, "retinaface_r34", "model.safetensors"),
    ):
        snapshot = resources / f"models--py-feat--{repository}" / "snapshots" / "abc"
        snapshot.mkdir(parents=True)
        (snapshot / file_name).write_bytes(name.read_bytes())
    found = find_pyfeat_weights()
    assert found.multitask.is_relative_to(resources)
    assert found.detector.name == "model.safetensors"
    monkeypatch.setenv("FEAT_MULTITASK_WEIGHTS", str(multitask))
    assert find_pyfeat_weights().multitask == multitask


def test_missing_weights_are_named_with_the_command_that_fetches_them(
    feat_double: Path, feat_weights: Path, tmp_path: Path
) -> None:
    assert DOWNLOAD in str(PY_FEAT.problem())
    assert "non-commercial research" in str(PY_FEAT.problem())
    with pytest.raises(FileNotFoundError, match=r"face_multitask_v28\.safetensors .*Detectorv2"):
        PyFeatAUEstimator()
    (feat_weights / "retinaface_r34.safetensors").rename(tmp_path / "elsewhere.safetensors")
    with pytest.raises(FileNotFoundError, match=r"retinaface_r34\.safetensors .*Detectorv2"):
        PyFeatAUEstimator(feat_weights)


def test_damaged_and_foreign_weights_are_refused_by_name(
    feat_double: Path, feat_weights: Path, tmp_path: Path
) -> None:
    multitask = feat_weights / "face_multitask_v28.safetensors"
    whole = multitask.read_bytes()
    for content, reason in (
        (b"<!DOCTYPE html><html>", "web page"),
        (whole[:-1], "truncated"),
        (whole[:5], "truncated"),
        (b"", "truncated"),
        (b"PK\x03\x04" + bytes(100), "no safetensors"),
    ):
        multitask.write_bytes(content)
        with pytest.raises(ValueError, match=rf"face_multitask_v28\.safetensors is .*{reason}"):
            PyFeatAUEstimator(feat_weights)
    multitask.write_bytes((feat_weights / "retinaface_r34.safetensors").read_bytes())
    with pytest.raises(ValueError, match=r"face_multitask_v28\.safetensors does not fit"):
        PyFeatAUEstimator(feat_weights)
    multitask.write_bytes(whole)
    (feat_weights / "retinaface_r34.safetensors").write_bytes(whole)
    with pytest.raises(ValueError, match=r"retinaface_r34\.safetensors does not fit"):
        PyFeatAUEstimator(feat_weights)
    pickle = tmp_path / "face_multitask.pt"
    pickle.write_bytes(whole)
    with pytest.raises(ValueError, match=r"face_multitask\.pt is no safetensors file"):
        PyFeatAUEstimator(pickle)


def test_a_file_of_hugging_faces_cache_must_be_what_its_name_says(
    feat_double: Path, feat_weights: Path
) -> None:
    multitask = feat_weights / "face_multitask_v28.safetensors"
    content = multitask.read_bytes()
    for name, fits in ((hashlib.sha256(content).hexdigest(), True), ("0" * 64, False)):
        (feat_weights / name).write_bytes(content)
        multitask.unlink()
        multitask.symlink_to(feat_weights / name)
        if fits:
            assert find_pyfeat_weights(feat_weights).multitask == multitask
        else:
            with pytest.raises(ValueError, match="should have 0000"):
                find_pyfeat_weights(feat_weights)


def test_a_network_with_other_units_is_refused(feat_double: Path, feat_weights: Path) -> None:
    save_file(
        {"backbone.weight": torch.zeros(3)},
        feat_weights / "face_multitask_v28.safetensors",
        metadata={"config": '{"n_au": 24}'},
    )
    with pytest.raises(ValueError, match=r"reads 24 Action Units, expected .*20"):
        PyFeatAUEstimator(feat_weights)


def failing_import(monkeypatch: pytest.MonkeyPatch, failing: str, error: Exception) -> None:
    original = importlib.import_module

    def fail(name: str, package: str | None = None) -> ModuleType:
        if name == failing:
            raise error
        return original(name, package)

    monkeypatch.setattr(importlib, "import_module", fail)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (RuntimeError("Could not load libtorchcodec. Likely causes: 1. FFmpeg"), "install ffmpeg"),
        (OSError("libavutil.so.58: cannot open shared object file"), "apt-get install ffmpeg"),
        (OSError("libnvrtc.so.13: cannot open shared object file"), r"torchcodec>=0\.11,<0\.14"),
        (ModuleNotFoundError("No module named 'torchcodec'"), r"pip install -e '\.\[pyfeat\]'"),
    ],
)
def test_what_torchcodec_lacks_is_one_command(
    feat_double: Path,
    feat_weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    advice: str,
) -> None:
    failing_import(monkeypatch, "torchcodec.decoders", error)
    with pytest.raises(ImportError, match=advice):
        PyFeatAUEstimator(feat_weights)
    assert pyfeat_problem() is not None


def test_a_torchvision_of_another_torch_is_an_import_error_with_a_command(
    feat_double: Path, feat_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.au.pyfeat_loading.require_torchvision", require_torchvision)
    failing_import(
        monkeypatch, "torchvision", RuntimeError("operator torchvision::nms does not exist")
    )
    with pytest.raises(ImportError, match=r"pip install .*torchvision"):
        PyFeatAUEstimator(feat_weights)
    assert "torchvision" in str(PY_FEAT.problem())


def test_an_old_py_feat_is_told_from_the_one_that_is_meant(
    feat_double: Path, feat_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (feat_double / "__init__.py").write_text("class Detector: ...\n")
    with pytest.raises(ImportError, match=r"no Detectorv2: pip install -e '\.\[pyfeat\]'"):
        PyFeatAUEstimator(feat_weights)
    monkeypatch.delitem(sys.modules, "feat")
    (feat_double / "__init__.py").write_text("from torchvision.io import read_video_gone\n")
    with pytest.raises(ImportError, match=r"cannot be imported .*\.\[pyfeat\]"):
        PyFeatAUEstimator(feat_weights)
