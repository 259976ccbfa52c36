from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from metrics.au.synth import SynthAUEstimator
from metrics.contracts import AUEstimator, Embedder
from metrics.embedders.synth import SynthEmbedder
from metrics.synth_network import FaceNetwork, NetworkConfig, fold_batch_norms, run_network
from metrics.synth_weights import InstrumentHeader, load_instrument, save_instrument

SMALL = NetworkConfig(3, 16, (4, 6))


def network(config: NetworkConfig = SMALL) -> FaceNetwork:
    """Random weights, with normalisations that have seen images."""
    torch.manual_seed(0)
    made = FaceNetwork(config).train()
    made(torch.rand(32, 3, config.input_size, config.input_size))
    return made.eval()


def images(count: int, side: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Writes random weights of an instrument."""

    def save(kind: str = "au_estimator", outputs: int = 3, units: tuple[str, ...] = ()) -> Path:
        config = NetworkConfig(outputs, 16, (4, 6))
        units = units or (("AU04", "AU12") if kind == "au_estimator" else ())
        path = tmp_path / f"{kind}.safetensors"
        save_instrument(network(config), InstrumentHeader(kind, config, units, {"a": 1}), path)  # type: ignore[arg-type]
        return path

    return save


def test_folded_normalisations_give_the_same_numbers() -> None:
    pixels = torch.rand(5, 3, 16, 16)
    plain = network()
    expected = plain(pixels)
    folded = fold_batch_norms(plain)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
    torch.testing.assert_close(folded(pixels), expected, rtol=1e-4, atol=1e-5)


def test_each_image_is_read_independently_of_the_others() -> None:
    folded, faces = fold_batch_norms(network()), images(64)
    together = run_network(folded, faces)
    alone = np.concatenate([run_network(folded, faces[i : i + 1]) for i in range(64)])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(run_network(folded, faces[::-1]), together[::-1])
    assert run_network(folded, faces[:0]).shape == (0, 3)


def test_another_side_is_brought_to_the_network_s_by_bicubic_resampling() -> None:
    folded, large = fold_batch_norms(network()), images(3, side=40)
    resized = [Image.fromarray(i).resize((16, 16), Image.Resampling.BICUBIC) for i in large]
    expected = run_network(folded, np.stack([np.asarray(i) for i in resized]))
    np.testing.assert_array_equal(run_network(folded, large), expected)


@pytest.mark.parametrize(
    "values",
    [
        {"outputs": 0},
        {"outputs": 2, "channels": []},
        {"outputs": 2, "input_size": 20, "channels": [4, 4, 4]},
        {"outputs": 2, "channels": [4], "dropout": 0.1},
        {"channels": [4]},
    ],
)
def test_a_configuration_that_makes_no_network_is_refused(values: dict) -> None:
    with pytest.raises(ValueError, match=r"option|halved|at least 1"):
        NetworkConfig.from_dict(values)


def test_weights_come_back_as_they_were_but_for_half_precision(saved: Callable[..., Path]) -> None:
    loaded, header = load_instrument(saved(), "au_estimator")
    assert header.config == SMALL
    assert header.action_units == ("AU04", "AU12")
    assert header.training == {"a": 1}
    faces = images(20)
    expected = run_network(network(), faces)
    np.testing.assert_allclose(run_network(loaded, faces), expected, atol=0.01)
    assert not list(saved().parent.glob("*.partial"))


def test_instruments_fulfil_their_contracts(saved: Callable[..., Path]) -> None:
    estimator, embedder = SynthAUEstimator(saved()), SynthEmbedder(saved("embedder"))
    assert isinstance(estimator, AUEstimator)
    assert isinstance(embedder, Embedder)
    faces = images(30, side=20)
    reading = estimator.estimate(faces)
    assert reading.values.shape == (30, 2)
    assert reading.values.dtype == np.float32
    ok = np.array(reading.outcomes) == "ok"
    assert np.isnan(reading.values[~ok]).all()
    assert ((reading.values[ok] >= 0.0) & (reading.values[ok] <= 5.0)).all()
    embeddings = embedder.embed(faces)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, rtol=1e-6)
    for instrument in (estimator.estimate, embedder.embed):
        with pytest.raises(ValueError, match="expected square RGB"):
            instrument(faces[:, :10])


def test_a_face_is_a_logit_of_zero_or_more(saved: Callable[..., Path]) -> None:
    estimator = SynthAUEstimator(saved())
    outputs = run_network(estimator._network, images(60))
    outcomes = np.array(estimator.estimate(images(60)).outcomes)
    np.testing.assert_array_equal(outcomes == "ok", outputs[:, -1] >= 0.0)


def test_a_stranger_s_weights_have_no_known_licence(saved: Callable[..., Path]) -> None:
    card = SynthEmbedder(saved("embedder")).card
    assert (card.name, card.version, card.kind) == ("synth", "1", "embedder")
    assert (card.licence, card.scale, card.input_size) == ("unknown", "L2 0..2", 16)
    assert SynthAUEstimator(saved()).card.scale == "intensity 0..5"


def test_the_wrong_kind_of_weights_is_refused_by_name(saved: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match=r"holds no embedder.*says synth-instrument-1 au_est"):
        SynthEmbedder(saved())
    with pytest.raises(ValueError, match="2 Action Units and one for the face"):
        SynthAUEstimator(saved(outputs=5))
    with pytest.raises(FileNotFoundError, match=r"no weights at absent.*python -m metrics"):
        SynthEmbedder("absent.safetensors")


@pytest.mark.parametrize("fault", ["cut short", "other file", "no config", "other tensors"])
def test_broken_weights_are_named(saved: Callable[..., Path], fault: str) -> None:
    path = saved()
    header = {
        "format": "synth-instrument-1",
        "kind": "au_estimator",
        "action_units": "[]",
        "training": "{}",
    }
    if fault == "cut short":
        path.write_bytes(path.read_bytes()[:200])
    elif fault == "other file":
        save_file({"a": torch.zeros(2)}, path)
    elif fault == "no config":
        save_file({"a": torch.zeros(2)}, path, metadata=header)
    else:
        header["config"] = json.dumps(SMALL.to_dict())
        save_file({"a": torch.zeros(2)}, path, metadata=header)
    with pytest.raises(ValueError, match=r"au_estimator\.safetensors"):
        SynthAUEstimator(path)
