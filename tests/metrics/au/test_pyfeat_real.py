"""The real py-feat, with random weights in its own formats; in an environment of its own."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from metrics.au.pyfeat import ACTION_UNITS, PyFeatAUEstimator
from metrics.au.pyfeat_weights import DETECTOR_NAMES, MULTITASK

if importlib.util.find_spec("feat") is None:
    pytest.skip("needs py-feat: pip install -e '.[pyfeat]'", allow_module_level=True)

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
BOX = [60.0, 70.0, 200.0, 210.0, 0.9]


@pytest.fixture(scope="module")
def feat(torchvision_works: ModuleType) -> Any:
    """py-feat; without FFmpeg, with a stub in the place of what decodes videos."""
    try:
        importlib.import_module("torchcodec.decoders")
    except (RuntimeError, OSError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchcodec"]:
            del sys.modules[name]
        stub: Any = ModuleType("torchcodec.decoders")
        stub.VideoDecoder = type("VideoDecoder", (), {})
        sys.modules["torchcodec"] = ModuleType("torchcodec")
        sys.modules["torchcodec.decoders"] = stub
    names = dict(vars(sys.modules["__main__"]))
    threads = os.environ.get("OMP_NUM_THREADS")
    package = importlib.import_module("feat")
    for name in set(vars(sys.modules["__main__"])) - set(names):
        delattr(sys.modules["__main__"], name)
    if threads is None:
        os.environ.pop("OMP_NUM_THREADS", None)
    return package


def save_random(network: torch.nn.Module, path: Path, config: Any = None) -> None:
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(state, path, None if config is None else {"config": json.dumps(config)})


@pytest.fixture(scope="module")
def weights(feat: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with networks of the released sizes; the detector finds nothing in an image."""
    from feat.face_detectors.Retinaface.Retinaface_model import RETINAFACE_R34_CFG, RetinaFace
    from feat.multitask.model_v2 import MEGraphAUv2, ModelV2Config

    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    config = ModelV2Config(
        n_au=20,
        n_emotion=7,
        n_blendshape=52,
        mesh_normalized=True,
        use_head_v3=True,
        drop_mefl=True,
        pretrained=False,
    )
    save_random(MEGraphAUv2(config), folder / MULTITASK.file_name, dataclasses.asdict(config))
    detector = RetinaFace(RETINAFACE_R34_CFG)
    with torch.no_grad():
        for name, value in detector.named_parameters():
            if name.startswith("ClassHead"):
                # Two anchors a place, each with a value for background and one for a face.
                background = torch.tensor([20.0, -20.0] * (len(value) // 2))
                value.copy_(background if name.endswith("bias") else torch.zeros_like(value))
    save_random(detector, folder / "retinaface_r34.safetensors")
    return folder


@pytest.fixture(scope="module")
def estimator(weights: Path) -> PyFeatAUEstimator:
    return PyFeatAUEstimator(weights)


@pytest.fixture
def boxes(estimator: PyFeatAUEstimator) -> Iterator[list[list[float]]]:
    """The boxes that the detector finds in every image."""
    found: list[list[float]] = []
    detector = estimator._detector.face_detector
    detector.forward = lambda images: [found] * len(images)
    yield found
    del detector.forward


def noise(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 256, 256, 3)).astype(np.uint8)


def test_the_double_takes_what_py_feat_takes(feat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    utils: Any = importlib.import_module("feat.utils")
    monkeypatch.setitem(sys.modules, "feat.utils", ModuleType("feat.utils"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name in ("XGBClassifier", "SVMClassifier", "EmoSVMClassifier"):
        monkeypatch.setattr(sys.modules["__main__"], name, None, raising=False)
    double: dict[str, Any] = {"__name__": "feat_double"}
    source = (HERE / "feat_double.py").read_text(encoding="utf-8")
    exec(compile(source, "feat_double.py", "exec"), double)
    for real, written in (
        (feat.Detectorv2.__init__, double["Detectorv2"].__init__),
        (feat.Detectorv2.detect, double["Detectorv2"].detect),
        (utils.hf_hub_download_with_fallback, double["hf_hub_download_with_fallback"]),
    ):
        expected, found = (
            [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
            for f in (real, written)
        )
        assert found == expected


def test_the_double_gives_the_columns_that_py_feat_gives(
    estimator: PyFeatAUEstimator, boxes: list[list[float]]
) -> None:
    boxes.append(BOX)
    image = torch.from_numpy(noise(1)).permute(0, 3, 1, 2)
    table = estimator._detector.detect(image, data_type="tensor", progress_bar=False)
    points = [f"{axis}_{point}" for axis in "xy" for point in range(68)]
    assert {"FaceScore", "frame", *ACTION_UNITS, *points} <= set(table.columns)
    boxes.clear()
    table = estimator._detector.detect(image, data_type="tensor", progress_bar=False)
    assert table["FaceScore"].tolist() == [0.0]
    assert table[list(ACTION_UNITS)].isna().all().all()


def test_the_published_names_are_those_that_py_feat_asks_for(feat: Any) -> None:
    from feat.multitask import inference

    assert MULTITASK.file_name == inference.HF_WEIGHTS_FILE
    assert inference.HF_REPO in MULTITASK.source
    source = inspect.getsource(importlib.import_module(feat.detector_v2.Retinaface.__module__))
    assert all(name in source for name in DETECTOR_NAMES)


def test_a_face_is_read_on_its_scale_whatever_the_other_images(
    estimator: PyFeatAUEstimator, boxes: list[list[float]]
) -> None:
    boxes.append(BOX)
    images = noise(3)
    reading = estimator.estimate(images)
    assert reading.outcomes == ["ok"] * 3
    assert reading.landmarks is not None
    assert np.isfinite(reading.values).all()
    assert np.isfinite(reading.landmarks).all()
    assert np.all((reading.values >= 0.0) & (reading.values <= 1.0))
    assert len(np.unique(reading.values, axis=0)) == 3
    alone = estimator.estimate(images[[2, 0]])
    np.testing.assert_array_equal(alone.values, reading.values[[2, 0]])
    np.testing.assert_array_equal(alone.landmarks, reading.landmarks[[2, 0]])


def test_fractions_would_be_taken_for_black_without_a_word(
    estimator: PyFeatAUEstimator, boxes: list[list[float]]
) -> None:
    boxes.append(BOX)
    images = noise(1)
    read = estimator.estimate(images).values
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2)

    def raw(tensor: torch.Tensor) -> NDArray[np.float32]:
        table = estimator._detector.detect(tensor, data_type="tensor", progress_bar=False)
        return np.asarray(table[list(ACTION_UNITS)], dtype=np.float32)

    np.testing.assert_allclose(read, raw(pixels.float()), atol=1e-6)
    assert np.abs(read - raw(pixels / 255.0)).max() > 1e-4
    np.testing.assert_allclose(raw(pixels / 255.0), raw(torch.zeros_like(pixels)), atol=1e-2)


def test_faces_are_counted(estimator: PyFeatAUEstimator, boxes: list[list[float]]) -> None:
    assert estimator.estimate(noise(1)).outcomes == ["no_face"]
    boxes.append([*BOX[:4], 0.45])
    assert estimator.estimate(noise(1)).outcomes == ["no_face"]
    boxes += [BOX, [10.0, 10.0, 60.0, 60.0, 0.7]]
    assert estimator.estimate(noise(1)).outcomes == ["several_faces"]


def test_the_real_detector_runs_and_finds_nothing_in_noise(estimator: PyFeatAUEstimator) -> None:
    reading = estimator.estimate(noise(1))
    assert reading.outcomes == ["no_face"]
    assert np.isnan(reading.values).all()


def test_the_process_is_left_as_it_was_and_the_network_alone(
    feat: Any, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("asks the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    names = set(vars(sys.modules["__main__"]))
    PyFeatAUEstimator(weights).estimate(noise(1))
    assert torch.is_grad_enabled()
    assert "OMP_NUM_THREADS" not in os.environ
    assert set(vars(sys.modules["__main__"])) == names


def test_a_fresh_process_is_left_as_it_was(weights: Path, feat: Any) -> None:
    code = (
        "import os, sys, importlib.util, torch\n"
        "from types import ModuleType\n"
        "spec = importlib.util.spec_from_file_location('t', sys.argv[2])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "module.usable_torchvision()\n"
        "stub = ModuleType('torchcodec.decoders')\n"
        "stub.VideoDecoder = type('VideoDecoder', (), {})\n"
        "sys.modules.update({'torchcodec': ModuleType('torchcodec'), stub.__name__: stub})\n"
        "from metrics.au.pyfeat import PyFeatAUEstimator\n"
        "names = set(globals()) | {'names', 'made', 'hub'}\n"
        "made = PyFeatAUEstimator(sys.argv[1])\n"
        "import huggingface_hub.constants as hub\n"
        "print(torch.is_grad_enabled(), os.environ.get('OMP_NUM_THREADS'), hub.HF_HUB_OFFLINE,"
        " set(globals()) - names)\n"
    )
    shim = HERE.parents[1] / "torchvision_for_tests.py"
    variables = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS",)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(weights), str(shim)],
        capture_output=True,
        text=True,
        cwd=HERE.parents[2],
        env=variables,
        check=False,
    )
    assert done.stdout == "True None False set()\n", done.stderr


def test_weights_of_another_network_are_refused_by_name(
    feat: Any, weights: Path, tmp_path: Path
) -> None:
    detector = weights / "retinaface_r34.safetensors"
    multitask = weights / MULTITASK.file_name
    wrong = tmp_path / MULTITASK.file_name
    wrong.symlink_to(detector)
    (tmp_path / detector.name).symlink_to(detector)
    with pytest.raises(ValueError, match=r"face_multitask_v28\.safetensors does not fit py-feat 2"):
        PyFeatAUEstimator(tmp_path)
    wrong.unlink()
    wrong.symlink_to(multitask)
    (tmp_path / detector.name).unlink()
    (tmp_path / detector.name).symlink_to(multitask)
    with pytest.raises(ValueError, match=r"retinaface_r34\.safetensors does not fit py-feat 2"):
        PyFeatAUEstimator(tmp_path)
    assert torch.is_grad_enabled()
    (tmp_path / "cut").mkdir()
    cut = tmp_path / "cut" / MULTITASK.file_name
    cut.write_bytes(multitask.read_bytes()[:-1000])
    (cut.parent / detector.name).symlink_to(detector)
    with pytest.raises(ValueError, match="is truncated"):
        PyFeatAUEstimator(cut)
