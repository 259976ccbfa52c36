"""A converted model computes what TensorFlow computes from the very file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from glow import Glow
from glow.checkpoint import load_module, save_tensors
from glow.convert import convert, open_source
from glow.convert.verification import verify

KINDS = ("checkpoint", "frozen", "optimized")


def write(original, kind, folder, **options):
    if kind == "checkpoint":
        return Path(original.save_checkpoint(folder / "model_best_loss.ckpt", **options))
    path = folder / f"graph_{kind}.pb"
    path.write_bytes(getattr(original, kind)().SerializeToString())
    return path


def load(path, original, folder):
    source, config = open_source(path), original.config
    told = {"image_size": config.image_size, "bits": config.bits}
    conversion = convert(source, **(told if source.kind == "checkpoint" else {}))
    out = folder / "model.safetensors"
    save_tensors(conversion.tensors, conversion.config, out)
    return conversion, Glow(load_module(out), precision="fp64")


def assert_agrees(model, original):
    """Latents, density and decoded state within what float32 leaves of them."""
    config = original.config
    assert model.config == config
    size = config.image_size
    random = np.random.default_rng(5)
    pixels = random.integers(0, 256, (3, size, size, 3)).astype(np.uint8)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255.0
    labels = np.array([0, 1, config.classes - 1 if config.classes else 0], dtype=np.int32)
    ours = torch.from_numpy(labels).long() if config.classes else None

    theirs, their_log_prob = original.encode(pixels, labels)
    eps, log_prob = model.encode(images, ours)
    np.testing.assert_allclose(eps, theirs, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(log_prob, their_log_prob, rtol=1e-5)

    # A latent of no image, as latent arithmetic makes them.
    mixed = theirs + 0.3 * (theirs[[1, 2, 0]] - theirs)
    state = original.decode(mixed, labels)
    decoded = model.decode(torch.from_numpy(mixed), ours).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose((decoded * 255.0 + 0.5) / 256.0 - 0.5, state, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_variant_agrees(make_original, variant, kind, tmp_path):
    original = make_original(variant)
    _, model = load(write(original, kind, tmp_path), original, tmp_path)
    assert_agrees(model, original)


def test_factored_matrices_agree(make_original, tmp_path):
    original = make_original("affine", factored=True)
    _, model = load(write(original, "checkpoint", tmp_path), original, tmp_path)
    assert_agrees(model, original)


def test_a_graph_tells_image_size_and_bits(make_original, tmp_path):
    for kind in ("frozen", "optimized"):
        source = open_source(write(make_original("released"), kind, tmp_path))
        assert (source.image_size, source.bits) == (8, 5)
    source = open_source(write(make_original("affine"), "frozen", tmp_path))
    assert source.bits == 8


def test_an_optimised_graph_has_lost_the_variables_that_are_recovered(make_original, tmp_path):
    original = make_original("released")
    operations = {node.name for node in original.optimized().node}
    assert "model/0/0/actnorm_scale/logs" not in operations
    assert "model/0/0/invconv/W" not in operations
    assert "model/0/0/actnorm_scale/logs" in {node.name for node in original.frozen().node}


def test_the_state_of_an_optimiser_is_left_out(make_original, tmp_path):
    original = make_original("reverse", seed=1)
    plain, _ = load(write(original, "checkpoint", tmp_path), original, tmp_path)
    path = write(original, "checkpoint", tmp_path, training=True)
    names = set(open_source(path).shapes)
    assert {"Variable", "Variable_1", "model/0/0/f1/l_1/W/ExponentialMovingAverage"} <= names
    conversion, _ = load(path, original, tmp_path)
    assert len(conversion.training) == len(names) - len(original.variables)
    assert conversion.extra == ()
    for name, tensor in plain.tensors.items():
        assert torch.equal(conversion.tensors[name], tensor)


@pytest.mark.parametrize(
    "name", ["model.ckpt", "model.ckpt.index", "model.ckpt.data-00000-of-00001", "."]
)
def test_a_checkpoint_is_found_by_each_of_its_names(make_original, name, tmp_path):
    make_original().save_checkpoint(tmp_path / "model.ckpt")
    assert "model/1/1/f1/l_last/logs" in open_source(tmp_path / name).shapes


def test_a_cut_checkpoint_is_damaged(make_original, tmp_path):
    make_original().save_checkpoint(tmp_path / "model.ckpt")
    data = tmp_path / "model.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"damaged at model/.*: get its files again"):
        convert(open_source(tmp_path / "model.ckpt"), image_size=8)


def test_a_changed_checkpoint_is_damaged(make_original, tmp_path):
    make_original().save_checkpoint(tmp_path / "model.ckpt")
    data = tmp_path / "model.ckpt.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 0xFF
    data.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="is damaged"):
        convert(open_source(tmp_path / "model.ckpt"), image_size=8)


@pytest.mark.parametrize("length", [0.5, 0.99])
def test_a_cut_graph_is_refused(make_original, length, tmp_path):
    path = write(make_original(), "frozen", tmp_path)
    path.write_bytes(path.read_bytes()[: int(length * path.stat().st_size)])
    with pytest.raises(ValueError, match="no TensorFlow graph, or only a part of one"):
        convert(open_source(path))


@pytest.mark.parametrize("text", ["", "some text\n", "<!DOCTYPE html><html>403</html>"])
def test_a_text_is_no_graph(make_original, text, tmp_path):
    make_original()
    path = tmp_path / "graph.pb"
    path.write_text(text)
    with pytest.raises(ValueError, match="no TensorFlow graph") as error:
        open_source(path)
    assert repr(text[:20].strip()) in str(error.value)


def test_a_graph_that_is_not_frozen_is_refused(make_original, tmp_path):
    original = make_original()
    path = tmp_path / "graph.pb"
    path.write_bytes(original.graph.as_graph_def().SerializeToString())
    with pytest.raises(ValueError, match="freeze"):
        convert(open_source(path))


def test_a_missing_variable_of_a_graph_is_named(make_original, tmp_path):
    graph = make_original().frozen()
    kept = [node for node in graph.node if node.name != "model/1/0/f1/l_2/W"]
    del graph.node[:]
    graph.node.extend(kept)
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.SerializeToString())
    with pytest.raises(ValueError, match=r"model/1/0/f1/l_2/W \(1, 1, 8, 8\) is missing"):
        convert(open_source(path))


def test_a_variable_that_no_glow_has_is_named_as_the_graph_does(make_original, tmp_path):
    graph = make_original().frozen()
    template = next(node for node in graph.node if node.name == "model/0/0/f1/l_2/W")
    for suffix in ("", "/read"):
        node = graph.node.add()
        node.CopyFrom(template)
        node.name = "model/condition/dense/kernel" + suffix
        if suffix:
            node.op = "Identity"
            node.ClearField("attr")
            node.input.append("model/condition/dense/kernel")
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.SerializeToString())
    with pytest.raises(ValueError, match=r"model/condition/dense/kernel \(1, 1, 8, 8\) is extra"):
        convert(open_source(path))
    assert convert(open_source(path), allow_extra=True).extra == ("model/condition/dense/kernel",)


@pytest.mark.parametrize("kind", ["frozen", "optimized"])
@pytest.mark.parametrize("name", ["released", "reverse"])
def test_a_graph_s_own_decoder_makes_the_same_images(make_original, name, kind, tmp_path):
    source = open_source(write(make_original(name), kind, tmp_path))
    assert verify(source, convert(source)) > 0.995


def test_a_graph_that_computes_something_else_is_found_out(make_original, tmp_path):
    """Names and shapes fit, but one network's output is its bias alone."""
    graph = make_original().frozen()
    addition = next(node for node in graph.node if node.name == "model_1/0/0/f1/l_last/add")
    addition.input[0], addition.input[1] = addition.input[1], addition.input[1]
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.SerializeToString())
    source = open_source(path)
    with pytest.raises(ValueError, match="decodes to other images"):
        verify(source, convert(source))


def test_a_graph_with_unknown_operations_is_converted_but_not_run(make_original, tmp_path):
    graph = make_original().frozen()
    next(node for node in graph.node if node.op == "Relu").op = "FusedReluOfOthers"
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.SerializeToString())
    source = open_source(path)
    conversion = convert(source)
    with pytest.raises(RuntimeError, match="cannot run this graph"):
        verify(source, conversion)


def test_a_checkpoint_has_nothing_to_compare_with(make_original, tmp_path):
    source = open_source(write(make_original(), "checkpoint", tmp_path))
    with pytest.raises(ValueError, match="no decoder"):
        verify(source, convert(source, image_size=8))
