"""The photographs of the London set, aligned here and by whoever made ``aligned256``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.data.alignment.align import Alignment, align_folder
from bench.data.alignment.check import check_alignment
from bench.data.alignment.pictures import find_pictures
from bench.data.alignment.record import AlignedPicture
from bench.data.alignment.sources import FaceSource, open_source
from metrics.faces.templates import TEMPLATES

Open: TypeAlias = Callable[[str], FaceSource]
SIDE = 256


@pytest.fixture(scope="module")
def detector(weights_dir: Path, torchvision_works: ModuleType) -> Open:
    pytest.importorskip(
        "facenet_pytorch", reason="needs facenet-pytorch: pip install -e '.[facenet]'"
    )
    specs = {"mtcnn": "mtcnn", "mediapipe": f"mediapipe:{weights_dir}"}
    opened = {name: open_source(["a.jpg"], detector=spec) for name, spec in specs.items()}
    return opened.__getitem__


@pytest.fixture(scope="module")
def aligned(
    london_data: Path, detector: Open, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, list[AlignedPicture]]]:
    """The folder and the rows of each detector."""
    raw, made = london_data / "raw", {}
    for name in ("mtcnn", "mediapipe"):
        folder = tmp_path_factory.mktemp(name)
        how = Alignment(TEMPLATES["glow"], SIDE, detector(name))
        made[name] = folder, align_folder(raw, find_pictures(raw), folder, how, lambda _: None)
    return made.__getitem__


def counterpart(london_data: Path, row: AlignedPicture) -> Path:
    """The same photograph in ``aligned256``."""
    identity = Path(row.file).stem.partition("_")[0]
    expression = "neutral" if row.file.startswith("neutral") else "smiling"
    return london_data / "aligned256" / identity / f"{expression}.png"


def shift_between(one: Path, other: Path) -> NDArray[np.float64]:
    """(x, y) by which the content of one picture lies beside that of another.

    Phase correlation (Kuglin and Hines 1975), low frequencies alone, the peak to a fraction of a
    pixel by a parabola.
    """
    window = np.outer(np.hanning(SIDE), np.hanning(SIDE))
    spectra = []
    for path in (one, other):
        grey = np.asarray(Image.open(path).convert("L"), dtype=np.float64)
        spectra.append(np.fft.fft2((grey - grey.mean()) * window))
    cross = spectra[0] * spectra[1].conj()
    frequency = np.fft.fftfreq(SIDE)
    low = np.exp(-(frequency[:, None] ** 2 + frequency[None] ** 2) / (2 * 0.08**2))
    surface = np.fft.fftshift(np.fft.ifft2(cross / (np.abs(cross) + 1e-9) * low).real)
    y, x = np.unravel_index(surface.argmax(), surface.shape)
    fractions = []
    for before, at, after in (
        surface[y, x - 1 : x + 2],
        surface[y - 1 : y + 2, x],
    ):
        fractions.append(0.5 * (before - after) / (before - 2 * at + after))
    return np.array([x, y]) - SIDE // 2 + np.array(fractions)


def test_phase_correlation_finds_a_known_shift(london_data: Path, tmp_path: Path) -> None:
    picture = Image.open(london_data / "aligned256" / "001" / "neutral.png")
    moved = picture.transform(
        picture.size, Image.Transform.AFFINE, (1, 0, -2.4, 0, 1, 1.3), Image.Resampling.BICUBIC
    )
    picture.save(tmp_path / "a.png")
    moved.save(tmp_path / "b.png")
    found = shift_between(tmp_path / "b.png", tmp_path / "a.png")
    assert found == pytest.approx([2.4, -1.3], abs=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mtcnn", "mediapipe"])
def test_every_photograph_is_aligned_and_shows_the_face_of_aligned256(
    aligned: Callable[[str], tuple[Path, list[AlignedPicture]]], london_data: Path, name: str
) -> None:
    folder, rows = aligned(name)
    assert {row.outcome for row in rows} == {"ok"}
    assert {row.inside for row in rows} == {1.0}
    shifts = np.stack(
        [shift_between(folder / row.output, counterpart(london_data, row)) for row in rows]
    )
    distances = np.linalg.norm(shifts, axis=1)
    assert np.abs(shifts.mean(axis=0)).max() < 1.0
    assert distances.mean() < 1.3
    assert np.quantile(distances, 0.9) < 2.0
    # One photograph: MediaPipe finds its eyes 2.4 pixels off the template in aligned256.
    assert distances.max() < 4.0


@pytest.mark.slow
@pytest.mark.parametrize("by", ["mtcnn", "mediapipe"])
@pytest.mark.parametrize("of", ["mtcnn", "mediapipe"])
def test_either_detector_finds_what_either_has_aligned_at_the_template(
    aligned: Callable[[str], tuple[Path, list[AlignedPicture]]], detector: Open, of: str, by: str
) -> None:
    folder, _ = aligned(of)
    check = check_alignment(
        folder, find_pictures(folder), TEMPLATES["glow"], detector(by), 2.0, lambda _: None
    )
    assert check.aligned
    assert check.distances.mean() < 1.2
    assert check.distances.max() < 2.5
    assert np.abs(check.offsets.mean(axis=0)).max() < 0.7


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mtcnn", "mediapipe"])
def test_aligned256_is_aligned_to_glow_and_to_nothing_else(
    london_data: Path, detector: Open, name: str
) -> None:
    folder = london_data / "aligned256"
    files = find_pictures(folder)[::8]
    checks = {
        template: check_alignment(
            folder, files, TEMPLATES[template], detector(name), 2.0, lambda _: None
        )
        for template in TEMPLATES
    }
    assert {
        template: check.aligned for template, check in checks.items() if template != "ffhq"
    } == {
        "glow": True,
        "arcface": False,
    }
    # FFHQ's eyes are two pixels from Glow's: too near to tell from one set of photographs.
    assert checks["glow"].distances.mean() < checks["ffhq"].distances.mean()
    assert not checks["glow"].without_face
