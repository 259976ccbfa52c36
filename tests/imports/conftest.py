"""A made-up release in the format of Valenzuela et al., small enough to know every number of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

UNITS = ("AU06", "AU12", "AU45")
SOURCE = "sol"
SIDE = 256


@dataclass
class ReleaseTree:
    """A copy of a release: three targets, two expressions, three alphas, one source.

    The outputs miss the source by |alpha - best| in AU06 alone, so that alpha* is known; every
    mean face is the same, so that E is 1 at alpha*. Distances are linear: ``away`` times alpha to
    the target, ``gap`` minus ``towards`` times alpha to the source.
    """

    folder: Path
    numbers: tuple[int, ...] = (1, 2)
    alphas: tuple[str, ...] = ("0.3", "0.4", "0.5")
    best: dict[str, float] = field(default_factory=lambda: {"ada": 0.3, "bo": 0.5, "cy": 0.5})
    gap: dict[str, float] = field(default_factory=lambda: {"ada": 0.4, "bo": 1.0, "cy": 1.2})
    away: float = 0.6
    towards: float = 0.4
    rows_of_reference: int = 5
    ends: tuple[str, str] = (" source", " target")
    with_self: bool = True

    @property
    def likeliness(self) -> Path:
        return self.folder / "evaluation" / "likeliness"

    @property
    def quality(self) -> Path:
        return self.folder / "evaluation" / "quality"

    def sample(self, number: int) -> str:
        return f"{SOURCE}_expression{2 * number}_aligned"

    def shown(self, number: int) -> list[float]:
        """What the source shows."""
        return [1.0 + 0.5 * number, 2.0, 0.0]

    def made(self, number: int, target: str, alpha: float) -> list[float]:
        wanted = self.shown(number)
        return [wanted[0] + abs(alpha - self.best.get(target, 0.4)), *wanted[1:]]

    def write(self) -> Path:
        for folder in (self.likeliness, self.quality):
            folder.mkdir(parents=True, exist_ok=True)
        rows = range(1, self.rows_of_reference + 1)
        self._list("AUs_reference.csv", [(f"{self.sample(k)}.csv", self.shown(k)) for k in rows])
        for number in self.numbers:
            self._write_expression(number)
        return self.folder

    def _write_expression(self, number: int) -> None:
        people = [*self.best, *([SOURCE] if self.with_self else [])]
        named = [
            (f"{person}_{alpha}.csv", self.made(number, person, float(alpha)))
            for person in people
            for alpha in self.alphas
        ]
        named += [(f"{person}_mean.csv", [1.0, 1.0, 1.0]) for person in (*self.best, SOURCE)]
        self._list(f"AUs_expression{number}.csv", named)
        lines = [",".join(["output_images", *self.alphas, *self.ends])]
        for person, gap in self.gap.items():
            near = [self.away * float(alpha) for alpha in self.alphas]
            far = [gap - self.towards * float(alpha) for alpha in self.alphas]
            for side, values in (("source", [*far, 0.0, gap]), ("target", [*near, gap, 0.0])):
                cells = [f"{person}_{side}", *(f"{value!r}" for value in values)]
                lines.append(",".join(cells))
        path = self.likeliness / f"expression{number}.csv"
        path.write_text("\n".join(lines) + "\n")

    def _list(self, name: str, rows: list[tuple[str, list[float]]]) -> None:
        header = f"[filename, {', '.join(f'{unit}_r' for unit in UNITS)}]"
        lines = [str([first, *(f" {value:.2f}" for value in values)]) for first, values in rows]
        (self.quality / name).write_text("\n".join([header, *lines]) + "\n")

    def draw(self, photographs: int = 4) -> None:
        """Adds the pictures: smooth noise for mean faces, rough for photographs, all RGBA."""
        results = self.folder / "results"
        for place, person in enumerate((*self.best, SOURCE)):
            self._picture(results / "means" / f"{person}_mean.png", place, rough=False)
            for number in range(1, photographs + 1):
                name = f"{person}{number}_aligned.png"
                folder = self.folder / "data" / f"id{place + 1}_aligned"
                self._picture(folder / name, 100 * place + number)
        for number in self.numbers:
            self._picture(self.folder / "data/expressions" / f"{self.sample(number)}.png", number)
            for person in self.best:
                for alpha in self.alphas:
                    below = Path(f"expression{number}", person, alpha, f"{person}_{alpha}.png")
                    seed = int(1000 * float(alpha)) + number
                    self._picture(results / "transferring" / below, seed, rough=False)

    def _picture(self, path: Path, seed: int, rough: bool = True) -> None:
        noise = np.random.default_rng([seed, rough]).uniform(0, 255, (SIDE // 4, SIDE // 4, 3))
        pixels = np.kron(noise, np.ones((4, 4, 1)))
        if rough:
            pixels += np.random.default_rng(seed).normal(0, 30, pixels.shape)
        opaque = np.full((SIDE, SIDE, 1), 255)
        image = np.concatenate([np.clip(pixels, 0, 255), opaque], axis=2).astype(np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image, "RGBA").save(path)

    def replace(self, path: Path, old: str, new: str) -> int:
        """Changes a text that must stand in one line; its number."""
        text = path.read_text()
        lines = [n for n, line in enumerate(text.split("\n"), start=1) if old in line]
        assert len(lines) == 1, (old, lines)
        path.write_text(text.replace(old, new))
        return lines[0]


@pytest.fixture
def tree(tmp_path: Path) -> ReleaseTree:
    """A written release without pictures, to be changed and written again."""
    made = ReleaseTree(tmp_path / "release")
    made.write()
    return made


@pytest.fixture(scope="session")
def make_tree() -> Callable[..., ReleaseTree]:
    return ReleaseTree
