"""The released weights that ``bench weights`` knows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.suggest import did_you_mean
from metrics.weights import (
    FACE_LANDMARKER,
    FACENET_CASIA,
    FACENET_VGGFACE2,
    MOBILEFACENET,
    WEIGHTS_VARIABLE,
    PublishedWeights,
    cache_folder,
)

__all__ = ["RELEASES", "Release", "default_folder", "find_release"]

HOST: Final = "https://openaipublic.azureedge.net/glow-demo"
ORIGINAL: Final = "released with github.com/openai/glow"
MOBILEFACENET_FOLDER: Final = (
    "https://github.com/foamliu/MobileFaceNet/raw/22d3e78287c70e23cf2f5b6a6a92594008831a7f/weights"
)
GITHUB_FILES: Final = (
    "objects.githubusercontent.com",
    "raw.githubusercontent.com",
    "release-assets.githubusercontent.com",
)
"""To these github.com sends on for the files of repositories and releases."""

INSTALL: Final = "pip install -e '.[openai]'"


@dataclass(frozen=True, slots=True)
class Release:
    """A file that its authors have put on the web.

    Attributes:
        name: what to type.
        title: what it is, in a few words.
        url: where it is; the file keeps the name it has there.
        licence: of the file.
        remark: what else its users must know.
        sha256: hexadecimal; empty where nobody has published one.
        hosts: where else the file may come from: those to which the address's own host sends on.
        next_steps: commands to type once it is here, with ``{file}`` for its path and ``{name}``.
    """

    name: str
    title: str
    url: str
    licence: str
    remark: str = ""
    sha256: str = ""
    hosts: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Name of the file; two releases may not share one."""
        return self.url.rpartition("/")[2]


def _facenet(name: str, people: str, size: str, weights: PublishedWeights) -> Release:
    return Release(
        name=name,
        title=f"facenet-pytorch, trained on {people}",
        url=weights.address,
        licence=weights.licence,
        remark=f"{size}; {weights.source.partition('; ')[2]}",
        sha256=weights.sha256,
        hosts=GITHUB_FILES,
        next_steps=(
            "pip install -e '.[facenet]'",
            f"bench run glow-arith --benchmark london --data DIR --embedder {name}",
        ),
    )


def _ablation(permutation: str, coupling: str, shorthand: str) -> Release:
    return Release(
        name=f"glow-cifar10-{permutation}-{coupling}",
        title=f"Glow of CIFAR-10, 32 x 32, {permutation}, {coupling}",
        url=f"{HOST}/logs/abl-{permutation}-{shorthand}.tar",
        licence="MIT",
        remark=f"{ORIGINAL}; an archive with a checkpoint",
        next_steps=(
            INSTALL,
            "mkdir -p {name} && tar -xf {file} -C {name}",
            "python -m glow convert {name} --image-size 32 --out {name}.safetensors",
        ),
    )


RELEASES: Final = (
    Release(
        name="glow-celebahq256",
        title="Glow of CelebA-HQ, 256 x 256, 5 bits",
        url=f"{HOST}/large3/graph_unoptimized.pb",
        licence="MIT",
        remark=f"{ORIGINAL}; a frozen graph; trained on CelebA-HQ, for non-commercial research",
        next_steps=(
            INSTALL,
            "python -m glow convert {file} --image-size 256 --bits 5 --out {name}.safetensors",
            "bench run glow-arith --benchmark london-256 --data DIR "
            "--param model={name}.safetensors",
        ),
    ),
    *(
        _ablation(permutation, coupling, shorthand)
        for permutation in ("reverse", "shuffle", "1x1")
        for coupling, shorthand in (("additive", "add"), ("affine", "aff"))
    ),
    _facenet("facenet-vggface2", "VGGFace2", "112 MB", FACENET_VGGFACE2),
    _facenet("facenet-casia", "CASIA-WebFace", "about 116 MB", FACENET_CASIA),
    Release(
        name="mobilefacenet",
        title="MobileFaceNet, the embedder",
        url=f"{MOBILEFACENET_FOLDER}/{MOBILEFACENET.file_name}",
        licence=MOBILEFACENET.licence,
        remark="4 MB; from github.com/foamliu/MobileFaceNet",
        sha256=MOBILEFACENET.sha256,
        hosts=GITHUB_FILES,
        next_steps=(
            "pip install -e '.[onnx]'",
            "bench run glow-arith --benchmark london --data DIR",
        ),
    ),
    Release(
        name="face-landmarker",
        title="MediaPipe Face Landmarker, for --au mediapipe",
        url=FACE_LANDMARKER.source,
        licence=FACE_LANDMARKER.licence,
        sha256=FACE_LANDMARKER.sha256,
        next_steps=("bench run glow-arith --au mediapipe",),
    ),
)


def find_release(name: str) -> Release:
    """The release of that name.

    Raises:
        BenchError: there is none.
    """
    for release in RELEASES:
        if release.name == name:
            return release
    known = [release.name for release in RELEASES]
    raise BenchError(
        f"no released weights called {name!r}{did_you_mean(name, known)}", hint="bench weights list"
    )


def default_folder() -> Path:
    """Where weights are looked for: the folder ``$BENCH_WEIGHTS``, else the user's cache."""
    variable = os.environ.get(WEIGHTS_VARIABLE)
    return Path(variable) if variable and not Path(variable).is_file() else cache_folder()
