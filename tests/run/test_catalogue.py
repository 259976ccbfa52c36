from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.run.catalogue import AU_ESTIMATORS, load_au_estimator, load_embedder
from metrics.synth_network import FaceNetwork, NetworkConfig
from metrics.synth_weights import InstrumentHeader, save_instrument


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    config = NetworkConfig(4, 16, (4,))
    path = tmp_path / "weights" / "mine.safetensors"
    path.parent.mkdir()
    save_instrument(FaceNetwork(config), InstrumentHeader("embedder", config), path)
    return path


def test_a_path_is_read_by_its_suffix(weights: Path) -> None:
    embedder = load_embedder(str(weights), [])
    assert (embedder.card.name, embedder.card.weights_name) == ("synth", "mine.safetensors")


def test_the_suffix_of_another_kind_is_an_unknown_name(weights: Path) -> None:
    with pytest.raises(BenchError, match=r"no embedder called .*\.onnx or \.safetensors file"):
        load_embedder("model.task", [])


def test_a_mistyped_name_comes_with_the_nearest_and_all_known() -> None:
    with pytest.raises(BenchError, match="did you mean 'synth'") as caught:
        load_au_estimator("sinth", [])
    assert "known: mediapipe, synth" in str(caught.value)


def test_a_missing_file_and_the_wrong_kind_are_one_line_for_the_user(weights: Path) -> None:
    with pytest.raises(BenchError, match=r"no AU estimator weights at absent\.safetensors"):
        load_au_estimator("absent.safetensors", [])
    with pytest.raises(BenchError, match="holds no au_estimator"):
        load_au_estimator(str(weights), [])


def test_weights_beside_the_data_are_found_before_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, usual = tmp_path / "beside" / "deeper", tmp_path / "usual"
    for folder in (beside, usual):
        folder.mkdir(parents=True)
        (folder / "face_landmarker.task").write_bytes(b"")
    monkeypatch.setenv("BENCH_WEIGHTS", str(usual))
    assert AU_ESTIMATORS._find("mediapipe", [tmp_path / "beside"]).parent == beside
    assert AU_ESTIMATORS._find("mediapipe", []).parent == usual
