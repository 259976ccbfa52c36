"""A small world of people with known action units and embeddings, as stored tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from bench.analysis.terms import mean_real_niqe, sample_terms
from bench.data.split import Pair

ACTION_UNITS = ("AU06", "AU12", "AU25")
LENGTH = 8


@dataclass(frozen=True)
class Face:
    """What the instruments read from an image; ``outcome`` other than ok is a failure."""

    units: NDArray[np.float64]
    embedding: NDArray[np.float32] | None
    niqe: float = 4.0
    outcome: str = "ok"

    def row(self) -> dict[str, object]:
        return {
            "outcome": self.outcome,
            "niqe": self.niqe,
            "embedding": self.embedding,
            **dict(zip(ACTION_UNITS, self.units, strict=True)),
        }


Method = Callable[["World", Pair, float], Face]


@dataclass
class World:
    """``count`` people, neutral and smiling, everybody's smile paired with everybody."""

    count: int = 8
    seed: int = 0
    part: str = "test"
    faces: dict[tuple[str, str], Face] = field(default_factory=dict)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        for name in self.names:
            neutral = random.uniform(0, 0.2, len(ACTION_UNITS))
            smile = neutral + random.uniform(0.2, 0.6, len(ACTION_UNITS))
            who = random.normal(size=LENGTH)
            for sample, units in (("neutral", neutral), ("smiling", smile)):
                embedding = unit(who + random.normal(scale=0.1, size=LENGTH))
                self.faces[name, sample] = Face(units, embedding, random.uniform(3, 5))

    @property
    def names(self) -> list[str]:
        return [f"p{number:02d}" for number in range(self.count)]

    @property
    def pairs(self) -> list[Pair]:
        return [Pair(self.part, s, "smiling", t) for s in self.names for t in self.names]

    @property
    def niqe_real(self) -> float:
        return mean_real_niqe(self.references(), self.part)

    def references(self) -> pd.DataFrame:
        rows = [
            {
                "identity": name,
                "sample": sample,
                "part": self.part,
                "expression": sample,
                "is_reference": sample == "neutral",
                "is_neutral": sample == "neutral",
                **face.row(),
            }
            for (name, sample), face in self.faces.items()
        ]
        return pd.DataFrame(rows)

    def scores(self, method: Method, alphas: Iterable[float] = (np.nan,)) -> pd.DataFrame:
        rows = [
            {
                "part": pair.part,
                "source": pair.source,
                "sample": pair.sample,
                "target": pair.target,
                "kind": pair.kind,
                "alpha": alpha,
                "detail": "",
                **method(self, pair, alpha).row(),
            }
            for pair in self.pairs
            for alpha in alphas
        ]
        return pd.DataFrame(rows)

    def terms(self, method: Method, alphas: Iterable[float] = (np.nan,)) -> pd.DataFrame:
        return sample_terms(self.scores(method, alphas), self.references(), ACTION_UNITS)


def unit(vector: NDArray[np.float64]) -> NDArray[np.float32]:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def target_neutral(world: World, pair: Pair, alpha: float) -> Face:
    return world.faces[pair.target, "neutral"]


def copy_source(world: World, pair: Pair, alpha: float) -> Face:
    return world.faces[pair.source, pair.sample]


def perfect(world: World, pair: Pair, alpha: float) -> Face:
    """The source's change on the target's neutral face, the target's identity untouched."""
    neutral = world.faces[pair.target, "neutral"]
    change = world.faces[pair.source, "smiling"].units - world.faces[pair.source, "neutral"].units
    return replace(neutral, units=neutral.units + change)


def linear(world: World, pair: Pair, alpha: float) -> Face:
    """Arithmetic on the readings: alpha moves units and embedding from target to source."""
    target = world.faces[pair.target, "neutral"]
    source = world.faces[pair.source, "smiling"]
    change = source.units - world.faces[pair.source, "neutral"].units
    assert target.embedding is not None
    assert source.embedding is not None
    blend = (1 - alpha) * target.embedding + alpha * source.embedding
    return Face(target.units + alpha * change, unit(blend), 4.0 + alpha)


def failing(method: Method, fails: Callable[[Pair], bool]) -> Method:
    """The method, but no face is found in its output for some pairs."""

    def wrapped(world: World, pair: Pair, alpha: float) -> Face:
        face = method(world, pair, alpha)
        if not fails(pair):
            return face
        return replace(face, outcome="no_face", units=np.full(len(ACTION_UNITS), np.nan))

    return wrapped


class Methods:
    """The methods above, for tests (which cannot import this file)."""

    target_neutral = staticmethod(target_neutral)
    copy_source = staticmethod(copy_source)
    perfect = staticmethod(perfect)
    linear = staticmethod(linear)
    failing = staticmethod(failing)


@pytest.fixture
def make_world() -> type[World]:
    return World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def methods() -> Methods:
    return Methods()
