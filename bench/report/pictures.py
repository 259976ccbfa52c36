"""Finds again what pictures runs have kept: for the page, the figures and the files.

All answers are paths of image files, for ``page.images.add``; None where there is no such picture.
Whether they may be shown is the page's business (``Images.refusal``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, TypeVar, get_args

from bench.analysis.light_runs import kept
from bench.data.split import Pair
from bench.errors import BenchError
from bench.report.contents import ReportInput
from bench.run.files import is_object_storage
from bench.run.gallery import (
    Gallery,
    choose_gallery,
    output_path,
    real_path,
    reconstruction_path,
    reference_path,
    thumbnail_path,
)
from bench.run.store import StoredRun

__all__ = ["ROLES", "Pictures", "Role", "Thumbnail"]

Role = Literal["source", "source-neutral", "target-neutral"]
"""A real image of a pair: the one whose expression is transferred, and both neutral faces."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)

_A = TypeVar("_A")
_B = TypeVar("_B")

_KEY = ["source", "sample", "target"]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture of an output, perhaps small and lossy, and the alpha that it shows.

    Attributes:
        alpha: None for a method without alpha.
        is_small: a thumbnail of 96 pixels at most, coded with loss; else the output as it was.
    """

    path: Path
    alpha: float | None
    is_small: bool


class Pictures:
    """The pictures of the runs of one report, on the board's part.

    Cheap to make: folders are looked into when asked for. Runs without pictures, and those of
    earlier versions, which kept six pairs and nothing else, give what they have.

    Args:
        runs: the stored runs, by run id.
        part: ``dev`` or ``test``.
        keys: of the pairs that count (``Pair.key``); all that are stored for an empty one.
    """

    def __init__(
        self, runs: Mapping[str, StoredRun], part: str, keys: Collection[str] = ()
    ) -> None:
        self._runs, self._part, self._keys = runs, part, keys
        self._anchors = {
            run.method: run_id
            for run_id, run in runs.items()
            if run.is_anchor and not run.has_alpha
        }

    @classmethod
    def of(cls, report: ReportInput) -> Pictures:
        """Those of all methods of a report.

        Raises:
            BenchError: the runs are in object storage, where each of many looks takes a request.
        """
        runs = {m.row.run_id: m.run for m in report.methods if m.run is not None}
        if far := [run.folder for run in runs.values() if is_object_storage(run.folder)]:
            raise BenchError(
                f"pictures of runs are looked for in a folder, and {far[0].parent} is none",
                hint=f"copy it, such as aws s3 sync {far[0].parents[1]} runs; then --runs runs",
            )
        return cls(runs, report.board.part, report.pairs)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The gallery: cross pairs whose outputs were kept at every alpha, at most 16.

        First the first six of the benchmark's fixed order, then those of ``same_target`` and
        ``same_sample``. Empty where no run has pictures. With ``--keep-images`` there are more
        outputs (``output``), but the gallery is the same.
        """
        return self._gallery.pairs

    @property
    def same_target(self) -> tuple[Pair, ...]:
        """The gallery's first pair and others of its target: several expressions of one target."""
        return self._gallery.same_target

    @property
    def same_sample(self) -> tuple[Pair, ...]:
        """The first pair and others of its source sample: one expression on several targets."""
        return self._gallery.same_sample

    def alphas(self, run_id: str, pair: Pair) -> tuple[float, ...]:
        """Alphas at which a run has the output of a pair, ascending; exact, not only tenths.

        Empty for a method without alpha, and where there is none.
        """
        run = self._runs.get(run_id)
        return () if run is None else _alphas(output_path(run.folder, pair, None))

    def output(self, run_id: str, pair: Pair, alpha: float | None) -> Path | None:
        """The output of a pair at exactly this alpha (None for a method without alpha), lossless.

        Also those of failed samples, where they were kept.
        """
        run = self._runs.get(run_id)
        return None if run is None else _there(output_path(run.folder, pair, alpha))

    def thumbnail(self, run_id: str, pair: Pair, alpha: float | None) -> Thumbnail | None:
        """The output of any cross pair: as it was where that is stored, else its thumbnail.

        At ``alpha``, else at the stored alpha nearest to it: runs keep thumbnails at their own dev
        alpha*, so ask for ``row.alpha`` and print ``Thumbnail.alpha`` where it differs.
        """
        run = self._runs.get(run_id)
        if run is None:
            return None
        for find, is_small in ((output_path, False), (thumbnail_path, True)):
            if path := _there(find(run.folder, pair, alpha)):
                return Thumbnail(path, alpha, is_small)
        if alpha is None:
            return None
        near = [
            (abs(stored - alpha), is_small, stored)
            for find, is_small in ((output_path, False), (thumbnail_path, True))
            for stored in _alphas(find(run.folder, pair, None))
        ]
        if not near:
            return None
        _, is_small, stored = min(near)
        find = thumbnail_path if is_small else output_path
        return Thumbnail(find(run.folder, pair, stored), stored, is_small)

    def real(self, pair: Pair, role: Role) -> Path | None:
        """A real image of a pair, from any run that has it.

        Of pairs outside the gallery ``source`` and ``target-neutral`` may be found as small
        outputs of the anchors ``copy-source`` and ``target-neutral``.
        """
        if path := self._from_any(real_path, pair, role):
            return path
        if role == "source-neutral":
            return self.original(pair.source, self.neutral(pair.source))
        anchor = self._anchors.get("copy-source" if role == "source" else "target-neutral", "")
        shown = self.thumbnail(anchor, pair, None)
        return shown.path if shown else None

    def neutral(self, identity: str) -> str:
        """Name of the sample that is the neutral face of a person; empty if nothing tells."""
        return self._neutrals.get(identity, "")

    def references(self, identity: str) -> tuple[Path, ...]:
        """Up to four images of a person's reference set; empty for people outside the gallery."""
        found = (
            self._from_any(reference_path, identity, sample)
            for sample in self._reference_samples.get(identity, ())
        )
        return tuple(path for path in found if path)

    def original(self, identity: str, sample: str) -> Path | None:
        """A real image by person and sample, if it is part of the gallery."""
        if known := self._originals.get((identity, sample)):
            return self._from_any(real_path, *known)
        return self._from_any(reference_path, identity, sample)

    def reconstruction(self, run_id: str, identity: str, sample: str) -> Path | None:
        """What a method made of a real image of the gallery with no transfer between."""
        run = self._runs.get(run_id)
        return None if run is None else _there(reconstruction_path(run.folder, identity, sample))

    def reconstructed(self, run_id: str) -> tuple[tuple[str, str], ...]:
        """(identity, sample) of all reconstructions of a run, in the order of the gallery."""
        return tuple(key for key in self._originals if self.reconstruction(run_id, *key))

    @cached_property
    def _gallery(self) -> Gallery:
        runs = list(self._runs.values())
        if not runs:
            return choose_gallery([])
        # Several sections ask, and boards of thousands of pairs have a file to look for for each.
        folders = tuple(run.folder for run in runs)
        key = "gallery", self._part, folders, frozenset(self._keys)
        return kept(runs[0], key, lambda: choose_gallery(self._with_source(folders)))

    def _with_source(self, folders: Sequence[Path]) -> Iterator[Pair]:
        """The pairs of the gallery: a source lies beside the outputs, others have outputs alone."""
        for pair in self._stored_pairs():
            path = real_path(Path(), pair, "source")
            if any(os.path.isfile(os.path.join(folder, path)) for folder in folders):
                yield pair

    @cached_property
    def _originals(self) -> dict[tuple[str, str], tuple[Pair, Role]]:
        """Real images of the gallery by person and sample."""
        found: dict[tuple[str, str], tuple[Pair, Role]] = {}
        for pair in self.pairs:
            found.setdefault((pair.source, pair.sample), (pair, "source"))
            found.setdefault((pair.source, self.neutral(pair.source)), (pair, "source-neutral"))
            found.setdefault((pair.target, self.neutral(pair.target)), (pair, "target-neutral"))
        return found

    @cached_property
    def _neutrals(self) -> dict[str, str]:
        return dict(pair for run in self._runs.values() for pair in _samples(run, "is_neutral"))

    @cached_property
    def _reference_samples(self) -> dict[str, list[str]]:
        keys = {key for run in self._runs.values() for key in _samples(run, "is_reference")}
        samples: dict[str, list[str]] = {}
        for identity, sample in sorted(keys):
            samples.setdefault(identity, []).append(sample)
        return samples

    def _from_any(self, find: Callable[[Path, _A, _B], Path], first: _A, second: _B) -> Path | None:
        """The picture in the first run that has it."""
        paths = (find(run.folder, first, second) for run in self._runs.values())
        return next(filter(None, map(_there, paths)), None)

    def _stored_pairs(self) -> Iterator[Pair]:
        keys: dict[tuple[str, str, str], None] = {}
        for run in self._runs.values():
            rows = run.scores[run.scores["part"] == self._part]
            distinct = rows[_KEY].drop_duplicates()
            keys |= dict.fromkeys(distinct.itertuples(index=False, name=None))
        pairs = (Pair(self._part, *key) for key in keys)
        return (pair for pair in pairs if not self._keys or pair.key in self._keys)


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _alphas(beside: Path) -> tuple[float, ...]:
    """Alphas of the pictures of one kind in a folder, given by any file name of that kind."""
    stems = (path.stem for path in beside.parent.glob(f"*{beside.suffix}"))
    return tuple(sorted(float(stem) for stem in stems if re.fullmatch(r"-?\d+\.\d+", stem)))


def _samples(run: StoredRun, column: str) -> Iterator[tuple[str, str]]:
    """(identity, sample) of the real images that a run's table marks in a column."""
    rows = run.references
    marked = rows[rows[column].to_numpy(dtype=bool)]
    return marked[["identity", "sample"]].itertuples(index=False, name=None)  # type: ignore[no-any-return]
