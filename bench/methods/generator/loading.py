"""Reading a generator from a TorchScript file: whose code may run, and what it must be able to do.

The file's module is called with codes w, float32 (N, d) or, for one code a layer (StyleGAN's w+),
(N, layers, d), and returns images (N, 3, side, side). It may have, as buffers, attributes or
methods without arguments:

- ``mean_w``, (d,) or (layers, d): the mean code, where the search for a code begins;
- ``w_std``, of the same shape or one number: the codes' standard deviation, by which steps of the
  search are scaled; 1 if there is none;
- ``value_range``, ``-1..1`` or ``0..1``: the range of its images.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import Tensor

from bench.methods.generator.shipped import shipped_name
from metrics.weights import sha256_of

__all__ = ["Generator", "ValueRange", "load_generator"]

ValueRange = Literal["auto", "-1..1", "0..1"]

_LOWEST: Final = {"-1..1": -1.0, "0..1": 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class Generator:
    """A generator that does what :func:`load_generator` asks for.

    Attributes:
        module: codes -> images.
        mean: the mean code, (d,) or (layers, d), float32.
        deviation: of the codes, of the same shape.
        lowest: the value of black, -1 or 0; that of white is 1.
        side: of the images, in pixels.
        sha256: of the file.
        device: torch device.
    """

    module: Any
    mean: Tensor
    deviation: Tensor
    lowest: float
    side: int
    sha256: str
    device: torch.device

    def images(self, codes: Tensor) -> Tensor:
        """Images (N, 3, side, side) of codes (N, *mean.shape); 0..1, and beyond where it leaves
        its range."""
        # What the compiler specialises after the first calls rounds differently from them.
        with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            made: Tensor = self.module(codes)
        return (made.float() - self.lowest) / (1.0 - self.lowest)


def load_generator(
    path: Path,
    *,
    trust: bool = False,
    value_range: ValueRange = "auto",
    size: int = 0,
    device: str = "cpu",
) -> Generator:
    """Reads a generator and tries it.

    Args:
        path: the TorchScript file.
        trust: whether the code in a file that does not come with the package may run.
        value_range: of its images; ``auto`` for what it says itself.
        size: d, if it has no ``mean_w``: the search then begins at zeros.
        device: torch device.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not trusted, no TorchScript, or lacks what is asked for; one sentence.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no generator at {path}")
    sha256 = sha256_of(path)
    if not trust and shipped_name(sha256) is None:
        raise ValueError(
            f"{path} does not come with this package (SHA-256 {sha256[:12]}...), and a TorchScript "
            "file runs the code in it: if you trust whoever made it, add --param trust=yes"
        )
    module = _read(path, torch.device(device))
    mean = _numbers(module, "mean_w", path)
    if mean is None and size < 1:
        raise ValueError(
            f"{path} has no mean_w that would tell the size of a code: give --param size=D"
        )
    mean = torch.zeros(size) if mean is None else mean
    deviation = _numbers(module, "w_std", path)
    deviation = torch.ones(()) if deviation is None else deviation
    try:
        deviation = deviation.expand(mean.shape)
    except RuntimeError as error:
        shapes = f"{tuple(deviation.shape)} and {tuple(mean.shape)}"
        raise ValueError(f"w_std and mean_w of {path} differ in shape: {shapes}") from error
    return Generator(
        module=module,
        mean=mean.to(device),
        deviation=deviation.to(device),
        lowest=_lowest(module, value_range, path),
        side=_side(module, mean.to(device), path),
        sha256=sha256,
        device=torch.device(device),
    )


def _read(path: Path, device: torch.device) -> Any:
    try:
        with warnings.catch_warnings():
            # torch recommends torch.export, whose programs cannot be optimised through.
            warnings.simplefilter("ignore", DeprecationWarning)
            module = torch.jit.load(path, map_location=device)  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise ValueError(f"{path} is no TorchScript file that this torch reads") from error
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    return module.eval()


def _said(module: Any, name: str) -> Any:
    """What a buffer or attribute of the module is, or a method returns; None without one."""
    value = getattr(module, name, None)
    return value() if callable(value) else value


def _numbers(module: Any, name: str, path: Path) -> Tensor | None:
    """A buffer, attribute or method of the module as finite float32; None if it has none."""
    value = _said(module, name)
    if value is None:
        return None
    numbers = torch.as_tensor(value).detach().float().cpu()
    if numbers.ndim > 2 or not torch.isfinite(numbers).all():
        raise ValueError(
            f"{name} of {path} has the shape {tuple(numbers.shape)} and should be (d,) or "
            "(layers, d), of finite numbers"
        )
    return numbers


def _lowest(module: Any, given: ValueRange, path: Path) -> float:
    found = _said(module, "value_range") if given == "auto" else given
    if found not in _LOWEST:
        raise ValueError(
            f"{path} does not say the range of its images: give --param value_range=-1..1 or "
            "--param value_range=0..1"
        )
    return _LOWEST[found]


def _side(module: Any, mean: Tensor, path: Path) -> int:
    """The side of the images, if the module keeps its part of the contract."""
    w = mean.expand(3, *mean.shape).clone().requires_grad_()
    try:
        with torch.inference_mode(False), torch.enable_grad():
            images, again, alone = module(w), module(w), module(w[:1])
    except RuntimeError as error:
        shape = ("N", *map(str, mean.shape))
        reason = str(error).strip().splitlines()[-1]
        raise ValueError(
            f"{path} cannot be called with codes w of the shape ({', '.join(shape)}): {reason}"
        ) from error
    problem = ""
    if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[:2] != (3, 3):
        found = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        problem = f"returns {found} for 3 codes, expected images (3, 3, side, side)"
    elif images.shape[2] != images.shape[3]:
        problem = f"returns images of {images.shape[2]}x{images.shape[3]}, expected squares"
    elif not torch.isfinite(images).all():
        problem = "returns values that are not finite for its mean code"
    elif not images.requires_grad:
        problem = "lets no gradient through: export it without torch.no_grad"
    elif not torch.equal(images, again):
        problem = "draws noise: export it with constant noise (StyleGAN2: noise_mode='const')"
    elif not torch.allclose(images[:1], alone, atol=1e-3):
        problem = "makes another image of a code when it is called with more codes"
    if problem:
        raise ValueError(f"{path} {problem}")
    return int(images.shape[2])
