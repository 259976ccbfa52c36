"""Sound files to begin with: the package's own where there are any, else small made-up ones."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]

UNITS = ("AU06", "AU12", "AU45")


@cache
def pixels(side: int = 32) -> np.ndarray:
    noise = np.random.default_rng(side).integers(0, 256, (side // 4, side // 4, 3))
    return np.kron(noise, np.ones((4, 4, 1))).astype(np.uint8)


def picture(kind: str, mode: str = "RGB", side: int = 32, **options: Any) -> bytes:
    """A small image as the bytes of its file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels(side)).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


@cache
def pictures() -> tuple[bytes, ...]:
    exif = Image.Exif()
    exif[0x0112] = 6
    frame = Image.fromarray(pixels(32))
    animated = [io.BytesIO(), io.BytesIO()]
    for buffer, kind in zip(animated, ("PNG", "WEBP"), strict=True):
        frame.save(buffer, kind, save_all=True, append_images=[frame.rotate(90)])
    return (
        picture("PNG"),
        picture("PNG", "RGBA"),
        picture("PNG", "P"),
        picture("PNG", "L"),
        picture("PNG", exif=exif),
        picture("JPEG"),
        picture("JPEG", progressive=True),
        picture("JPEG", "CMYK", exif=exif),
        picture("WEBP", lossless=True),
        picture("WEBP", quality=50),
        picture("BMP"),
        picture("TIFF"),
        picture("TIFF", compression="tiff_lzw"),
        picture("PPM"),
        *(buffer.getvalue() for buffer in animated),
    )


@cache
def openface() -> tuple[bytes, ...]:
    """An image with one face, with landmarks; and a sequence without."""
    from metrics.au.openface_csv import INTENSITY_UNITS, LANDMARKS, PRESENCE_UNITS

    units = [*(f"{unit}_r" for unit in INTENSITY_UNITS), *(f"{unit}_c" for unit in PRESENCE_UNITS)]
    points = [f"{axis}_{point}" for axis in "xy" for point in range(LANDMARKS)]
    levels = ["0.5"] * len(INTENSITY_UNITS) + ["1"] * len(PRESENCE_UNITS)
    places = [f"{place / 3:.1f}" for place in range(len(points))]
    image = [["face", "confidence", *points, *units], ["0", "0.98", *places, *levels]]
    video = [
        ["frame", "face_id", "timestamp", "confidence", "success", "gaze_0_x", *units],
        *([str(frame), "0", "0.1", "0.9", "1", "nan", *levels] for frame in (1, 2)),
    ]
    return tuple("\n".join(", ".join(row) for row in rows).encode() for rows in (image, video))


def release_files() -> dict[str, bytes]:
    """The tables of a made-up release: one source, two targets, one expression, two alphas."""
    people, alphas = ("ada", "bo"), ("0.3", "0.5")

    def listed(rows: Sequence[tuple[str, Sequence[float]]]) -> bytes:
        header = f"[filename, {', '.join(f'{unit}_r' for unit in UNITS)}]"
        lines = [str([name, *(f" {value:.2f}" for value in values)]) for name, values in rows]
        return "\n".join([header, *lines, ""]).encode()

    rows = [(f"{who}_{alpha}.csv", (1.0, 2.0, 0.5)) for who in people for alpha in alphas]
    rows += [(f"{who}_mean.csv", (1.0, 1.0, 1.0)) for who in (*people, "sol")]
    lines = ["output_images,0.3,0.5, source, target"]
    for who in people:
        lines += [f"{who}_source,0.8,0.7,0.0,1.0", f"{who}_target,0.1,0.3,1.0,0.0"]
    return {
        "evaluation/quality/AUs_reference.csv": listed(
            [("sol_expression2_aligned.csv", (1.5, 2.0, 0.0))]
        ),
        "evaluation/quality/AUs_expression1.csv": listed(rows),
        "evaluation/likeliness/expression1.csv": "\n".join([*lines, ""]).encode(),
    }


@cache
def glow_weights() -> bytes:
    import torch
    from safetensors.torch import save

    from glow.config import GlowConfig
    from glow.module import GlowModule

    torch.manual_seed(0)
    config = GlowConfig(image_size=8, levels=1, steps=1, width=4)
    tensors = {name: value.contiguous() for name, value in GlowModule(config).state_dict().items()}
    metadata = {"format": "glow-1", "config": json.dumps(config.to_dict()), "note": "a note"}
    return save(tensors, metadata=metadata)


@cache
def instrument_weights() -> bytes:
    import torch
    from safetensors.torch import save

    from metrics.synth_network import FaceNetwork, NetworkConfig

    torch.manual_seed(0)
    config = NetworkConfig(outputs=3, input_size=16, channels=(4, 8))
    tensors = {k: v.contiguous() for k, v in FaceNetwork(config).state_dict().items()}
    metadata = {
        "format": "synth-instrument-1",
        "kind": "embedder",
        "config": json.dumps(config.to_dict()),
        "action_units": "[]",
        "training": '{"seed": 0}',
    }
    return save(tensors, metadata=metadata)


@cache
def checkpoints() -> tuple[bytes, ...]:
    """Files of ``torch.save``: tensors by name, and a state with plain values."""
    import torch

    found = []
    for content in (
        {"weight": torch.ones(2, 3), "bias": torch.zeros(2)},
        {"step": 3, "model": {"weight": torch.ones(2)}, "random": torch.get_rng_state()[:8]},
    ):
        buffer = io.BytesIO()
        torch.save(content, buffer)
        found.append(buffer.getvalue())
    return tuple(found)


@cache
def onnx_models() -> tuple[bytes, ...]:
    """A graph that flattens its input, in both layouts; and one that multiplies before."""

    def varint(value: int) -> bytes:
        out = bytearray()
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*out, value])

    def number(field: int, value: int) -> bytes:
        return varint(field << 3) + varint(value)

    def data(field: int, value: bytes | str) -> bytes:
        content = value.encode() if isinstance(value, str) else value
        return varint(field << 3 | 2) + varint(len(content)) + content

    def tensor(name: str, shape: Sequence[int | str]) -> bytes:
        sizes = b"".join(
            data(1, number(1, size) if isinstance(size, int) else data(2, size)) for size in shape
        )
        return data(1, name) + data(2, data(1, number(1, 1) + data(2, sizes)))

    def node(kind: str, inputs: Sequence[str], output: str, attribute: bytes = b"") -> bytes:
        return data(
            1,
            b"".join(data(1, one) for one in inputs) + data(2, output) + data(3, f"{kind}_0")
            + data(4, kind) + (data(5, attribute) if attribute else b""),
        )  # fmt: skip

    axis = data(1, "axis") + number(3, 1) + number(20, 2)
    half = data(
        5, number(1, 1) + number(2, 1) + data(8, "half") + data(9, np.float32(0.5).tobytes())
    )
    sizes = np.array([1, 4], dtype=np.int64)
    shape = data(5, number(1, 2) + number(2, 7) + data(8, "sizes") + data(9, sizes.tobytes()))
    models = []
    for form in (["N", 3, 112, 112], [1, 112, 112, 3]):
        for nodes, constants in (
            (node("Flatten", ["in"], "out", axis), b""),
            (node("Mul", ["in", "half"], "x") + node("Flatten", ["x"], "out", axis), half),
            (node("ConstantOfShape", ["sizes"], "out"), shape),
        ):
            graph = nodes + data(2, "graph") + constants + data(11, tensor("in", form))
            graph += data(12, tensor("out", ["rows", "columns"]))
            models.append(number(1, 8) + data(7, graph) + data(8, number(2, 13)))
    return tuple(models)


RUN_INFO: dict[str, Any] = {
    "schema_version": 1,
    "benchmark": "synthfaces-64",
    "method": {
        "name": "m", "description": "", "citation": "", "has_alpha": True, "is_anchor": False,
        "origin": "tests",
    },
    "identity": {
        "hash": "00000000",
        "parts": {"parameters": {}, "fingerprint": {}, "dataset": "synthfaces", "seed": 0},
    },
    "dataset": {"name": "synthfaces", "citation": "", "licence": "", "doi": ""},
    "instruments": {"embedder": {"name": "e"}, "au_estimator": {"name": "a", "scale": "0..5"}},
    "action_units": list(UNITS),
    "command": "bench run m",
    "created": "2026-01-01T00:00:00+00:00",
    "notes": [],
}  # fmt: skip


def score_rows(count: int = 3) -> list[dict[str, Any]]:
    return [
        {
            "part": "dev", "source": "a", "sample": f"s{row}", "target": "b", "kind": "cross",
            "alpha": 0.5, "outcome": "ok", "detail": "", "niqe": 4.0,
            **dict.fromkeys(UNITS, 1.0), "embedding": [0.5, 0.5], "id_dist_target": 0.5,
        }
        for row in range(count)
    ]  # fmt: skip


def reference_rows() -> list[dict[str, Any]]:
    return [
        {
            "identity": who, "sample": "neutral", "expression": "neutral", "part": "dev",
            "is_reference": True, "is_neutral": True, "outcome": "ok", "niqe": 4.0,
            **dict.fromkeys(UNITS, 0.0), "embedding": [0.1, 0.9],
        }
        for who in "ab"
    ]  # fmt: skip


def parquet(table: pa.Table, **options: Any) -> bytes:
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, **options)
    return bytes(buffer.getvalue().to_pybytes())
