"""Weights of the instruments for drawn faces: safetensors with all facts in the header."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.random import fork_rng

from metrics.cards import InstrumentCard
from metrics.synth_network import FaceNetwork, NetworkConfig, fold_batch_norms
from metrics.weights import sha256_of

__all__ = [
    "InstrumentHeader",
    "InstrumentKind",
    "load_instrument",
    "save_instrument",
    "shipped_weights",
    "synth_card",
]

InstrumentKind = Literal["embedder", "au_estimator"]

_FORMAT: Final = "synth-instrument-1"
_VERSION: Final = "1"
_MOST: Final = 1 << 20
_UNREADABLE: Final = (SafetensorError, OSError, RuntimeError, TypeError, KeyError, AttributeError)
"""What reading a damaged or a foreign file can end in."""

_SHIPPED: Final = Path(__file__).resolve().parent / "models"


@dataclass(frozen=True, slots=True)
class InstrumentHeader:
    """What a weights file says of itself.

    Attributes:
        kind: what it measures.
        config: the network.
        action_units: names of an estimator's outputs, in their order; an output more is the face.
        training: how it was trained; JSON values.
    """

    kind: InstrumentKind
    config: NetworkConfig
    action_units: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)


def shipped_weights(name: str) -> Path:
    """The weights of that name that come with the package, such as ``synth-au``."""
    return _SHIPPED / name / "model.safetensors"


def save_instrument(network: FaceNetwork, header: InstrumentHeader, path: Path) -> None:
    """Writes weights in one atomic step, kernels in float16 at half the size."""
    tensors = {}
    for name, tensor in network.state_dict().items():
        is_kernel = tensor.is_floating_point() and tensor.ndim > 1
        tensors[name] = (tensor.half() if is_kernel else tensor).contiguous()
    metadata = {
        "format": _FORMAT,
        "kind": header.kind,
        "config": json.dumps(header.config.to_dict(), sort_keys=True),
        "action_units": json.dumps(header.action_units),
        "training": json.dumps(dict(header.training), sort_keys=True),
    }
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(save(tensors, metadata=metadata))
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def load_instrument(path: Path, kind: InstrumentKind) -> tuple[FaceNetwork, InstrumentHeader]:
    """Reads what :func:`save_instrument` wrote, ready to run.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds no instrument of that kind, or its tensors do not fit its
            header; the message names the file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}: make them with python -m metrics --help")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except _UNREADABLE as error:
        raise ValueError(
            f"{path} is no whole safetensors file ({error}): check that the copy is whole"
        ) from error
    found = metadata.get("format"), metadata.get("kind")
    if found != (_FORMAT, kind):
        raise ValueError(
            f"{path} holds no {kind} of the format {_FORMAT}, its header says "
            f"{' '.join(str(word) for word in found)}: give a file made by python -m metrics"
        )
    try:
        header = InstrumentHeader(
            kind=kind,
            config=NetworkConfig.from_dict(json.loads(metadata["config"])),
            action_units=tuple(json.loads(metadata["action_units"])),
            training=json.loads(metadata["training"]),
        )
        _require_fit(header.config, tensors)
        # What a layer is initialised with is overwritten: nobody's random numbers are used up.
        with fork_rng(devices=[]):
            network = FaceNetwork(header.config)
            network.load_state_dict(tensors)
            folded = fold_batch_norms(network.float().eval())
    except (KeyError, TypeError, ValueError, RuntimeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} does not fit its own header: {reason}") from error
    return folded, header


def _require_fit(config: NetworkConfig, tensors: Mapping[str, Tensor]) -> None:
    """Refuses a network of other tensors than the file's, before there is memory for it.

    Raises:
        ValueError: it has other tensors.
    """
    numbers = (config.outputs, config.input_size, config.blocks, *config.channels)
    if any(type(number) is not int or number > _MOST for number in numbers):
        raise ValueError("the sizes of a network are whole numbers, and smaller than these")
    if config.blocks * len(config.channels) > len(tensors):
        raise ValueError(f"the network has more layers than the file's {len(tensors)} tensors")
    with torch.device("meta"):
        expected = FaceNetwork(config).state_dict()
    for name, tensor in expected.items():
        found = tensors.get(name)
        if found is None or found.shape != tensor.shape:
            shape = "missing" if found is None else f"of shape {tuple(found.shape)}"
            raise ValueError(f"{name} is {shape}, expected {tuple(tensor.shape)}")


def synth_card(path: Path, header: InstrumentHeader, scale: str) -> InstrumentCard:
    """The card of an instrument; a file that is not the package's has no known licence."""
    ours = path.resolve().is_relative_to(_SHIPPED)
    side = header.config.input_size
    reads_units = header.kind == "au_estimator"
    return InstrumentCard(
        name="synth",
        kind=header.kind,
        version=_VERSION,
        description="small convolutional network for drawn faces",
        input_size=side,
        crop=f"whole frame, brought to {side} pixels (bicubic)",
        scale=scale,
        weights_name=path.name,
        weights_sha256=sha256_of(path),
        licence="Apache-2.0" if ours else "unknown",
        source="trained by this project on drawn faces" if ours else "a file of the user",
        normalisation="RGB, 4 (x/255 - 0.5)",
        alignment="eyes at the template of the frame; no detector is asked",
        no_face="the outcome no_face, where the network sees none"
        if reads_units
        else "the frame is embedded, whatever it shows",
        several_faces="not told apart: the frame is read as one face"
        if reads_units
        else "not told apart: the frame is embedded as one face",
        action_units=header.action_units,
    )
