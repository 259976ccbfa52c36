"""The small convolutional network behind the instruments for drawn faces.

Residual blocks after He et al., "Deep Residual Learning for Image Recognition", CVPR 2016. The
last feature map is read as a whole, not averaged: the eyes are at fixed positions, so where a
feature lies tells what it is.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from metrics.contracts import Images, check_images

__all__ = ["FaceNetwork", "NetworkConfig", "channels_last", "fold_batch_norms", "run_network"]

Module = TypeVar("Module", bound=nn.Module)

_BATCH: Final = 16


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Everything that decides which tensors a network holds.

    Attributes:
        outputs: numbers that the network gives for an image.
        input_size: side in pixels of what it sees; divisible by 2 ** (number of stages).
        channels: channels of each stage; every stage halves the side.
        blocks: residual blocks of each stage.
    """

    outputs: int
    input_size: int = 64
    channels: tuple[int, ...] = (24, 48, 96, 128)
    blocks: int = 1

    def __post_init__(self) -> None:
        if min(self.outputs, self.input_size, self.blocks, *self.channels, 1) < 1:
            raise ValueError("outputs, input_size, channels and blocks must be at least 1")
        if not self.channels or self.input_size % 2 ** len(self.channels):
            raise ValueError(
                f"input_size {self.input_size} cannot be halved {len(self.channels)} times"
            )

    @property
    def last_side(self) -> int:
        """Side of the last feature map."""
        return self.input_size >> len(self.channels)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkConfig:
        """The inverse of :meth:`to_dict`, also of what JSON made of it.

        Raises:
            ValueError: an unknown or a missing key, or a value that makes no network.
        """
        if unknown := sorted(set(values) - set(cls.__dataclass_fields__)):
            raise ValueError(f"unknown network option(s): {', '.join(unknown)}")
        try:
            return cls(**{**values, "channels": tuple(values["channels"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"incomplete network options: {error}") from error


class FaceNetwork(nn.Module):
    """Images (N, 3, S, S), floating in [0, 1], to numbers (N, outputs)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        stages: list[nn.Module] = []
        before = 12  # 2 x 2 pixels of three colours
        for index, width in enumerate(config.channels):
            stages.append(_Convolution(before, width, stride=1 if index == 0 else 2))
            stages.extend(_Residual(width) for _ in range(config.blocks))
            before = width
        self.features = nn.Sequential(nn.PixelUnshuffle(2), *stages)
        self.head = nn.Linear(before * config.last_side**2, config.outputs)

    def forward(self, images: Tensor) -> Tensor:
        x: Tensor = self.features((images - 0.5) * 4.0)
        result: Tensor = self.head(x.flatten(1))
        return result


class _Convolution(nn.Module):
    """3x3 convolution, batch normalisation and, unless it ends a block, ReLU."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, ends: bool = False) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)
        self.ends = ends

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.convolution(x))
        return y if self.ends else F.relu(y, inplace=True)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _Convolution(channels, channels)
        self.second = _Convolution(channels, channels, ends=True)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)), inplace=True)


def fold_batch_norms(network: FaceNetwork) -> FaceNetwork:
    """Puts each batch normalisation into its convolution, in place: the same numbers, sooner.

    The network must be in evaluation mode and cannot be trained or saved afterwards.
    """
    for module in network.modules():
        if isinstance(module, _Convolution) and isinstance(module.norm, nn.BatchNorm2d):
            module.convolution = fuse_conv_bn_eval(module.convolution, module.norm)
            module.norm = nn.Identity()
    return channels_last(network)


def channels_last(module: Module) -> Module:
    """Lays kernels out as convolutions are fastest on processors, in place."""
    for parameter in module.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module


def run_network(network: FaceNetwork, images: Images) -> NDArray[np.float32]:
    """What a network in evaluation mode says of each image, independent of the other images.

    Images of another side are brought to the network's, bicubic with anti-aliasing.

    Args:
        images: (N, side, side, 3).

    Returns:
        (N, outputs).

    Raises:
        ValueError: the images are malformed.
    """
    check_images(images)
    results = np.empty((len(images), network.config.outputs), dtype=np.float32)
    for start in range(0, len(images), _BATCH):
        frames = _resized(images[start : start + _BATCH], network.config.input_size)
        count = len(frames)
        # Kernels may round differently at another batch size, so every batch is full.
        filled = np.concatenate([frames, np.repeat(frames[-1:], _BATCH - count, axis=0)])
        # NumPy's layout is the one in which convolutions are fastest: channels last.
        pixels = torch.from_numpy(filled).permute(0, 3, 1, 2).float().div_(255.0)
        with torch.inference_mode():
            results[start : start + count] = _forward(network, pixels)[:count].numpy()
    return results


def _forward(network: FaceNetwork, pixels: Tensor) -> Tensor:
    """The network's numbers, which do not depend on how many threads there are.

    From three threads on, a product of few columns is summed in parts, and rounded differently.
    """
    maps: Tensor = network.features((pixels - 0.5) * 4.0)
    result: Tensor = _alone().submit(_head, network, maps.flatten(1)).result()
    return result


@torch.inference_mode()
def _head(network: FaceNetwork, maps: Tensor) -> Tensor:
    result: Tensor = network.head(maps)
    return result


@cache
def _alone() -> ThreadPoolExecutor:
    """A thread that computes by itself."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))
    pool.submit(torch.get_num_threads).result()
    # The number is a thread's own, but threads to come would take over what was last set anywhere.
    torch.set_num_threads(threads)
    return pool


if hasattr(os, "register_at_fork"):
    # A forked process has the memory of its parent, but none of its threads.
    os.register_at_fork(after_in_child=_alone.cache_clear)


def _resized(images: Images, side: int) -> Images:
    if images.shape[1] == side:
        return images
    frames = [Image.fromarray(i).resize((side, side), Image.Resampling.BICUBIC) for i in images]
    return np.stack([np.asarray(frame) for frame in frames])
