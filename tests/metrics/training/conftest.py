"""Stand-in faces: few shapes whose brow and mouth follow two Action Units."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from metrics.training.faces import Faces, load_faces

SIDE = 16
UNITS = ("AU04", "AU12")


def stand_in_face(rng: np.random.Generator, skin: tuple[int, ...], units: NDArray) -> Image.Image:
    """An ellipse of a person's colour; AU04 lowers the brow, AU12 widens the mouth."""
    fine = Image.new("RGB", (4 * SIDE, 4 * SIDE), tuple(int(v) for v in rng.integers(0, 256, 3)))
    pen = ImageDraw.Draw(fine)
    pen.ellipse((6, 2, 58, 62), fill=skin)
    brow, mouth = 12 + 2 * units[0], 4 + 3 * units[1]
    pen.rectangle((14, brow, 50, brow + 4), fill="black")
    pen.rectangle((32 - mouth, 46, 32 + mouth, 52), fill="darkred")
    return fine.reduce(4)


def write_stand_ins(folder: Path, people: int, images: int, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        skin = tuple(int(v) for v in rng.integers(60, 256, 3))
        (folder / "images" / f"p{person}").mkdir(parents=True)
        for image in range(images):
            units = rng.uniform(0.0, 5.0, 2).round(2)
            face = stand_in_face(rng, skin, units)
            face.save(folder / "images" / f"p{person}" / f"{image}.png")
            rows.append([f"p{person}", str(image), *units, "0.5"])
    with (folder / "faces.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["identity", "sample", *UNITS, "light"], *rows])
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve people, six images each."""
    return write_stand_ins(tmp_path_factory.mktemp("faces") / "stand-ins", 12, 6)


@pytest.fixture(scope="session")
def faces(folder: Path) -> Faces:
    return load_faces([folder], SIDE)
