"""Loads py-feat and leaves the process as it was."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from metrics.au.pyfeat_weights import PyFeatWeights
from metrics.torchvision_check import require_torchvision

__all__ = ["DETECTION_THRESHOLD", "INSTALL", "load_detector", "pyfeat_problem", "pyfeat_version"]

INSTALL: Final = "pip install -e '.[pyfeat]'"
DETECTION_THRESHOLD: Final = 0.5
"""RetinaFace score from which a face counts; py-feat's own."""

_OFFLINE: Final = "HF_HUB_OFFLINE"
_HUB: Final = "huggingface_hub.constants"
_CPU_TORCHCODEC: Final = "pip install 'torchcodec>=0.11,<0.14'"
_CUDA_LIBRARIES: Final = ("libnvrtc", "libnpp", "libcuda", "libnvcuvid")


def load_detector(weights: PyFeatWeights, device: str) -> Any:
    """A ``feat.Detectorv2`` with these weights, in full precision and without identity.

    Importing and building it sets OMP_NUM_THREADS, writes names into ``__main__`` and turns
    gradients off for the whole process, also when it fails: all that is undone. Weights that it
    was not given it would fetch, with 47 s of retries where there is no network: it is given
    both, and is offline meanwhile.

    Raises:
        ImportError: py-feat, or what it needs, is missing or does not work here.
        ValueError: weights are of another network.
    """
    with _side_effects_undone():
        feat = _import_feat()
        with _detector_from(weights), _hub_offline():
            try:
                return feat.Detectorv2(
                    device=device,
                    face_detection_threshold=DETECTION_THRESHOLD,
                    identity_model=None,
                    multitask_weights=str(weights.multitask),
                    amp=False,
                )
            except (RuntimeError, KeyError, TypeError, ValueError) as error:
                reason = " ".join(str(error).split())[:200]
                path = weights.detector if "RetinaFace" in reason else weights.multitask
                raise ValueError(
                    f"{path} does not fit py-feat {pyfeat_version()} ({reason}): give the file "
                    f"that belongs to it"
                ) from error


def pyfeat_problem() -> str | None:
    """What keeps py-feat from being imported here, with what to do; None if nothing.

    py-feat itself is not imported.
    """
    try:
        require_torchvision()
        _require_torchcodec()
    except ImportError as error:
        return str(error)
    return None


def pyfeat_version() -> str:
    """Version of the installed package."""
    try:
        return version("py-feat")
    except PackageNotFoundError:
        return "unknown"


def _import_feat() -> Any:
    require_torchvision()
    _require_torchcodec()
    try:
        feat = importlib.import_module("feat")
    except (ImportError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ImportError(f"py-feat cannot be imported ({reason}): {INSTALL}") from error
    if not hasattr(feat, "Detectorv2"):
        raise ImportError(f"py-feat {pyfeat_version()} has no Detectorv2: {INSTALL}")
    return feat


def _require_torchcodec() -> None:
    """torchcodec, which py-feat imports for video, though no video is read here.

    Raises:
        ImportError: it is missing, or libraries that it needs are; with the command.
    """
    try:
        importlib.import_module("torchcodec.decoders")
    except ModuleNotFoundError as error:
        raise ImportError(f"py-feat needs torchcodec ({error}): {INSTALL}") from error
    except (ImportError, OSError, RuntimeError) as error:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchcodec"]:
            del sys.modules[name]
        if any(library in str(error) for library in _CUDA_LIBRARIES):
            raise ImportError(
                f"the torchcodec here is built for a GPU that is not here: {_CPU_TORCHCODEC}"
            ) from error
        raise ImportError(
            "py-feat needs the shared libraries of FFmpeg, which torchcodec cannot find, on Debian "
            "and Ubuntu: apt-get install ffmpeg"
        ) from error


@contextmanager
def _side_effects_undone() -> Iterator[None]:
    """Restores gradients, OMP_NUM_THREADS and the names of ``__main__``."""
    import torch

    gradients = torch.is_grad_enabled()
    threads = os.environ.get("OMP_NUM_THREADS")
    main = vars(sys.modules["__main__"])
    names = dict(main)
    try:
        yield
    finally:
        torch.set_grad_enabled(gradients)
        _set_variable("OMP_NUM_THREADS", threads)
        for name in set(main) - set(names):
            del main[name]
        main.update(names)


@contextmanager
def _hub_offline() -> Iterator[None]:
    """Keeps Hugging Face's client from the network, whether it was imported before or not."""
    variable = os.environ.get(_OFFLINE)
    loaded = sys.modules.get(_HUB)
    before = getattr(loaded, _OFFLINE, None)
    os.environ[_OFFLINE] = "1"
    if loaded is not None:
        setattr(loaded, _OFFLINE, True)
    try:
        yield
    finally:
        _set_variable(_OFFLINE, variable)
        if loaded is not None:
            setattr(loaded, _OFFLINE, before)


@contextmanager
def _detector_from(weights: PyFeatWeights) -> Iterator[None]:
    """Makes py-feat take its face detector from a file: it has no argument for that."""
    utils: Any = importlib.import_module("feat.utils")
    resolve = utils.hf_hub_download_with_fallback

    def answer(repo_id: str, filename: str, fallback_filename: str, cache_dir: str) -> str:
        return str(weights.detector)

    utils.hf_hub_download_with_fallback = answer
    try:
        yield
    finally:
        utils.hf_hub_download_with_fallback = resolve


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
