"""Which pictures a run keeps for the report, where they lie, and writing them.

What is kept is decided by the split alone, before any method runs, and is the same for all methods
of a benchmark: nobody chooses the pictures that suit a method. docs/results-format.md, "images".
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from PIL import Image

from bench.data.images import Pixels
from bench.data.split import Pair
from bench.plugins.contracts import Face, Method, Reconstructs
from bench.run.files import write_atomically
from bench.run.outputs import checked_images
from bench.run.session import Session
from bench.run.store import RunFolder

__all__ = [
    "SHOWCASE_PAIRS",
    "Gallery",
    "Keeper",
    "choose_gallery",
    "fixed_order",
    "output_name",
    "output_path",
    "real_path",
    "reconstruction_path",
    "reference_path",
    "thumbnail_path",
]

SHOWCASE_PAIRS: Final = 6
"""Cross pairs of test, the first in the benchmark's fixed order."""

MORE_PAIRS: Final = 5
"""More pairs with the first pair's target, and as many with its source sample."""

REFERENCES: Final = 4
"""Images of a person's reference set."""

MOST_FAILED: Final = 200
"""Outputs of failed samples in one run, half of them for the alpha of the thumbnails alone."""

MOST_THUMBNAILS: Final = 5000
THUMBNAIL_SIDE: Final = 96
THUMBNAIL_QUALITY: Final = 80

UNREADABLE: Final = frozenset({"no_face", "several_faces"})
"""Outcomes of a failed sample of which there is an image."""

_LONGEST_NAME: Final = 255
"""Bytes that file systems take."""

_SUFFIX: Final = 40
"""Of these for ``.png`` and for what an unfinished file is called."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """The pairs of a benchmark whose pictures are kept.

    Attributes:
        pairs: those with all alphas, each once: the first of the fixed order, then ``same_target``
            and ``same_sample``.
        same_target: the first pair, then others of its target with other samples.
        same_sample: the first pair, then others of its source sample with other targets.
        thumbnails: cross pairs with a thumbnail.
    """

    pairs: tuple[Pair, ...]
    same_target: tuple[Pair, ...]
    same_sample: tuple[Pair, ...]
    thumbnails: frozenset[Pair]


def fixed_order(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs in the order of ``Benchmark.pairs``, which depends on their names alone."""
    return sorted(pairs, key=lambda pair: hashlib.sha256(pair.key.encode()).hexdigest())


def choose_gallery(pairs: Iterable[Pair]) -> Gallery:
    """The gallery of the pairs of a part, given in any order; self pairs do not count."""
    cross = fixed_order(pair for pair in pairs if pair.kind == "cross")
    if not cross:
        return Gallery((), (), (), frozenset())
    first, others = cross[0], cross[1:]
    target = _varied([pair for pair in others if pair.target == first.target], first.sample)
    sample = [pair for pair in others if (pair.source, pair.sample) == (first.source, first.sample)]
    same_target = (first, *target[:MORE_PAIRS])
    same_sample = (first, *sample[:MORE_PAIRS])
    kept = dict.fromkeys([*cross[:SHOWCASE_PAIRS], *same_target, *same_sample])
    return Gallery(tuple(kept), same_target, same_sample, frozenset(cross[:MOST_THUMBNAILS]))


def _varied(pairs: Sequence[Pair], shown: str) -> list[Pair]:
    """In the same order, but those whose sample has the name of an earlier one come last."""
    seen, repeated = {shown}, set()
    for pair in pairs:
        if pair.sample in seen:
            repeated.add(pair)
        seen.add(pair.sample)
    return sorted(pairs, key=repeated.__contains__)


def output_name(alpha: float | None) -> str:
    """``0.400``, with more decimals where three are not exact; ``output`` for no alpha."""
    if alpha is None:
        return "output"
    exact = math.isclose(alpha, round(alpha, 3), abs_tol=5e-7)
    return f"{alpha:.3f}" if exact else f"{alpha:.6f}"


def output_path(run: Path, pair: Pair, alpha: float | None) -> Path:
    """Where a run keeps the output of a pair."""
    return _pair_folder(run, pair) / f"{output_name(alpha)}.png"


def thumbnail_path(run: Path, pair: Pair, alpha: float | None) -> Path:
    """Where a run keeps the small copy of the output of a pair."""
    return _pair_folder(run, pair) / f"{output_name(alpha)}.webp"


def real_path(run: Path, pair: Pair, role: str) -> Path:
    """Where a real image of a pair lies: ``source``, ``source-neutral``, ``target-neutral``."""
    return _pair_folder(run, pair) / f"{role}.png"


def reference_path(run: Path, identity: str, sample: str) -> Path:
    """Where an image of a person's reference set lies, once for all pairs."""
    return run / "images" / "references" / f"{_place(identity, sample, suffix=_SUFFIX)}.png"


def reconstruction_path(run: Path, identity: str, sample: str) -> Path:
    """Where the reconstruction of a real image lies."""
    return run / "images" / "reconstructions" / f"{_place(identity, sample, suffix=_SUFFIX)}.png"


class Keeper:
    """Writes the pictures of one run as its outputs are made.

    Args:
        session: dataset and instruments.
        method: prepared; reconstructs the real images if it can.
        folder: of the run.
        keep_all: store every output, not only those that the report shows.

    Attributes:
        thumbnail: name of the outputs of which a small copy is kept; see ``thumbnails_at``.
    """

    def __init__(
        self, session: Session, method: Method, folder: RunFolder, *, keep_all: bool = False
    ) -> None:
        self._session, self._method, self._folder = session, method, folder
        self._keep_all = keep_all
        self.gallery = choose_gallery(session.benchmark.split.part("test"))
        self._shown = frozenset(self.gallery.pairs)
        self.thumbnail = ""
        self._failed: int | None = None
        self._with_people: set[Pair] = set()
        self._neutrals: dict[str, Face] = {}
        self._reconstructed: set[Pair] = set()

    def thumbnails_at(self, alpha: float | None) -> None:
        """Keeps a small copy of each cross pair of test at this alpha; none before this is said.

        Args:
            alpha: one of the grid; None for a method without alpha.
        """
        self.thumbnail = output_name(alpha)

    def count_again(self) -> None:
        """Looks anew for what is stored, before the next picture: other processes store, too."""
        self._failed = None

    def keep(self, pair: Pair, alpha: float | None, pixels: Pixels, outcome: str) -> None:
        """Stores what of an output is to be kept.

        Args:
            pair: the pair.
            alpha: as in the table; None for a method without alpha.
            pixels: the output.
            outcome: what the instruments said of it.

        Raises:
            BenchError: the disk is full or the place is not writable.
        """
        has_thumbnail = self._has_thumbnail(pair, alpha)
        if self._keeps_all_of(pair) or self._keeps_failed(pair, alpha, outcome, has_thumbnail):
            self._folder.write_image(output_path(self._folder.folder, pair, alpha), pixels)
        elif has_thumbnail:
            _write_thumbnail(thumbnail_path(self._folder.folder, pair, alpha), pixels)
        if pair in self._shown and pair not in self._with_people:
            self._with_people.add(pair)
            self._keep_people(pair)

    def reconstruct(self, pairs: Iterable[Pair]) -> None:
        """Reconstructs the real images of those pairs whose outputs will be kept; before they are.

        It calls the method, and must not be called while that works.
        """
        if not isinstance(self._method, Reconstructs):
            return
        faces: dict[Path, Face] = {}
        for pair in dict.fromkeys(pairs):
            if pair not in self._shown or pair in self._with_people or pair in self._reconstructed:
                continue
            self._reconstructed.add(pair)
            for face in self._real_images(pair).values():
                path = reconstruction_path(self._folder.folder, *face.key)
                if not path.exists():
                    faces[path] = face
        if not faces:
            return
        side = self._session.benchmark.resolution
        made = checked_images(self._method.reconstruct, list(faces.values()), side)
        for path, output in zip(faces, made, strict=True):
            if output.pixels is not None:
                self._folder.write_image(path, output.pixels)

    def may_keep(self, pair: Pair) -> bool:
        """Whether pictures of any output of a pair are kept that was read."""
        return self._keeps_all_of(pair) or pair in self.gallery.thumbnails

    def is_missing(self, pair: Pair, alpha: float | None) -> bool:
        """Whether a picture that is made of this row is wanted and not there.

        Those of failed samples, and reconstructions, are never asked for again.
        """
        keeps_all, run = self._keeps_all_of(pair), self._folder.folder
        if not keeps_all and not self._has_thumbnail(pair, alpha):
            return False
        if output_path(run, pair, alpha).exists():
            return pair in self._shown and not self._has_people(pair)
        return keeps_all or not thumbnail_path(run, pair, alpha).exists()

    def _has_people(self, pair: Pair) -> bool:
        if pair not in self._with_people and all(path.exists() for path in self._people(pair)):
            self._with_people.add(pair)
        return pair in self._with_people

    def _keeps_all_of(self, pair: Pair) -> bool:
        return self._keep_all or pair in self._shown

    def _has_thumbnail(self, pair: Pair, alpha: float | None) -> bool:
        return pair in self.gallery.thumbnails and output_name(alpha) == self.thumbnail

    def _keeps_failed(
        self, pair: Pair, alpha: float | None, outcome: str, has_thumbnail: bool
    ) -> bool:
        if outcome not in UNREADABLE or pair.part != "test":
            return False
        if self._failed is None:
            self._failed = self._count_failed()
        if output_path(self._folder.folder, pair, alpha).exists():
            return True
        # Many fail at large alphas alone; the ones that the board counts must find room.
        most = MOST_FAILED if has_thumbnail else MOST_FAILED // 2
        room = self._failed < most
        self._failed += room
        return room

    def _count_failed(self) -> int:
        """Outputs of failed samples that an earlier call of the command has kept."""
        shown = {_pair_folder(self._folder.folder, pair).name for pair in self._shown}
        stored = self._folder.folder.glob("images/test/*/*.png")
        return sum(path.parent.name not in shown for path in stored)

    def _keep_people(self, pair: Pair) -> None:
        """Stores the real images that belong to a pair."""
        for path, face in self._people(pair).items():
            if not path.exists():
                self._folder.write_image(path, face.pixels)

    def _people(self, pair: Pair) -> dict[Path, Face]:
        """The real images that belong to a pair, by where they lie."""
        run = self._folder.folder
        found = {real_path(run, pair, role): f for role, f in self._real_images(pair).items()}
        for identity in (pair.source, pair.target):
            samples = self._session.dataset.references(identity)
            last, most = len(samples) - 1, min(len(samples), REFERENCES)
            # Spread over the set: neighbours in it may be frames of one moment.
            for place in sorted({round(last * i / max(most - 1, 1)) for i in range(most)}):
                face = self._session.face(samples[place])
                found[reference_path(run, *face.key)] = face
        return found

    def _real_images(self, pair: Pair) -> dict[str, Face]:
        return {
            "source": self._session.face(self._session.dataset.sample(pair.source, pair.sample)),
            "source-neutral": self._neutral(pair.source),
            "target-neutral": self._neutral(pair.target),
        }

    def _neutral(self, identity: str) -> Face:
        if identity not in self._neutrals:
            self._neutrals[identity] = self._session.neutral(identity)
        return self._neutrals[identity]


def _write_thumbnail(path: Path, pixels: Pixels) -> None:
    picture = Image.fromarray(pixels)
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=THUMBNAIL_QUALITY, method=2)
    write_atomically(path, buffer.getvalue(), wait_for_disk=False)


def _pair_folder(run: Path, pair: Pair) -> Path:
    return run / "images" / pair.part / _place(pair.source, pair.sample, pair.target)


def _place(*names: str, suffix: int = 0) -> str:
    """Names as one file name, which ``suffix`` characters will follow.

    Two names or more, so that it is never ``.`` or ``..``; too long ones are cut.
    """
    # Quoted one by one: names may hold spaces, slashes or dots of their own.
    place = " ".join(quote(name, safe="") for name in names)
    most = _LONGEST_NAME - suffix
    if len(place) <= most:
        return place
    digest = hashlib.sha256(place.encode()).hexdigest()[:16]
    return f"{place[: most - 17]}~{digest}"
