"""ONNX files of anybody: what was found by fuzzing, and weights that lie elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install -e '.[onnx]'")

from metrics.embedders.onnx import OnnxEmbedder
from tests.fuzz import samples
from tests.fuzz.mutate import _as_varint


def number(field: int, value: int) -> bytes:
    return _as_varint(field << 3) + _as_varint(value)


def data(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _as_varint(field << 3 | 2) + _as_varint(len(content)) + content


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_sound_file_embeds(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", samples.onnx_models()[0])
    assert OnnxEmbedder(path).embed(samples.pixels(64)[None]).shape == (1, 3 * 112 * 112)


@pytest.mark.parametrize("content", [b"", b"\x08\x08", b"\xff" * 64, b"<html>", b"\x3a\x00"])
def test_what_is_no_model_is_refused_by_name_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes
) -> None:
    with pytest.raises(ValueError, match=r"m\.onnx"):
        OnnxEmbedder(write(tmp_path / "m.onnx", content))
    # onnxruntime would tell of its second attempt on stdout, where results go.
    assert capfd.readouterr().out == ""


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    content = samples.onnx_models()[0].replace(data(1, "in"), data(1, b"\xed\xff"))
    with pytest.raises(ValueError, match=r"m\.onnx .*(no text in UTF-8|can run)"):
        OnnxEmbedder(write(tmp_path / "m.onnx", content)).embed(samples.pixels(64)[None])


def test_a_model_cannot_ask_for_a_billion_images_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", _with_batch(2))
    assert OnnxEmbedder(path).embed(samples.pixels(64)[None]).shape == (1, 3 * 112 * 112)
    with pytest.raises(ValueError, match=r"m\.onnx takes 1000000000 images at once"):
        OnnxEmbedder(write(path, _with_batch(10**9)))


def test_weights_in_another_file_are_refused_wherever_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for place in (tmp_path / "secret.bin", folder / "inner.bin"):
        place.write_bytes(np.arange(4, dtype=np.float32).tobytes())
    for location in ("inner.bin", "../secret.bin", str(tmp_path / "secret.bin")):
        entries = {"location": location, "offset": "0", "length": "16"}
        external = b"".join(data(13, data(1, k) + data(2, v)) for k, v in entries.items())
        tensor = number(1, 4) + number(2, 1) + data(8, "w") + external + number(14, 1)
        node = data(1, data(1, "w") + data(2, "out") + data(3, "copy") + data(4, "Identity"))
        graph = node + data(2, "graph") + data(5, tensor)
        content = number(1, 8) + data(7, graph) + data(8, number(2, 13))
        with pytest.raises(ValueError, match=r"m\.onnx keeps weights in other files"):
            OnnxEmbedder(write(folder / "m.onnx", content))


def _with_batch(count: int) -> bytes:
    """A graph that flattens, whose input says how many images it takes."""
    sizes = b"".join(data(1, number(1, size)) for size in (count, 3, 112, 112))
    kind = data(2, data(1, number(1, 1) + data(2, sizes)))
    axis = data(5, data(1, "axis") + number(3, 1) + number(20, 2))
    node = data(1, data(1, "in") + data(2, "out") + data(4, "Flatten") + axis)
    result = data(2, data(1, number(1, 1) + data(2, data(1, data(2, "a")) + data(1, data(2, "b")))))
    graph = node + data(2, "g") + data(11, data(1, "in") + kind) + data(12, data(1, "out") + result)
    return number(1, 8) + data(7, graph) + data(8, number(2, 13))
