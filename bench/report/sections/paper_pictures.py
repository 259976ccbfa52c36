"""Figures 1 to 5 of the reference paper: the pictures that a run has kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from bench.data.images import FORMATS
from bench.data.split import Pair
from bench.report.pictures import Pictures
from bench.report.sections.paper_content import (
    PaperFigure,
    PictureGrid,
    PictureRow,
    Shot,
    alpha_name,
)
from bench.report.wording import listed, printable

__all__ = ["TITLES", "MethodPictures", "reference_shots", "refused"]

TITLES: Final = {
    1: "Reconstruction",
    2: "Mean faces and their reference sets",
    3: "One transfer over alpha",
    4: "Several expressions of one target",
    5: "One expression on several targets",
}

MOST_FACES, MOST_PEOPLE, MOST_STRIPS, MOST_ROWS, MOST_ALPHAS = 8, 4, 3, 6, 5

PAPER_ALPHAS: Final = (0.3, 0.5)
"""Ends of the range in which the paper sees the best transfers, its Figures 4 and 5."""


@dataclass(frozen=True, slots=True, eq=False)
class MethodPictures:
    """The picture figures of one method.

    Attributes:
        pictures: of all runs.
        run_id: of the method.
        name: of the method, printable.
        command: that made the run.
        has_alpha: whether it has outputs over alpha.
        outcomes: by pair and alpha (None without), what became of a sample that was not ``ok``.
        expressions: by identity and sample.
        references: of each target of the gallery, pictures of its reference set.
    """

    pictures: Pictures
    run_id: str
    name: str
    command: str
    has_alpha: bool
    outcomes: Mapping[tuple[Pair, float | None], str]
    expressions: Mapping[tuple[str, str], str]
    references: Mapping[str, Sequence[Shot]]

    def figures(self) -> list[PaperFigure]:
        """Figures 1 to 5, in order."""
        made = (
            self._reconstruction,
            self._mean_faces,
            self._strip,
            self._same_target,
            self._same_sample,
        )
        return [figure() for figure in made]

    @property
    def _again(self) -> str:
        return f"The same command adds what this version keeps: {self.command}"

    def _reconstruction(self) -> PaperFigure:
        shown = self.pictures.reconstructed(self.run_id)[:MOST_FACES]
        pairs = [
            (
                self.pictures.original(identity, sample),
                self.pictures.reconstruction(self.run_id, identity, sample),
                f"{printable(identity)}, {printable(sample)}",
            )
            for identity, sample in shown
        ]
        kept = [one for one in pairs if one[0] is not None]
        if not kept:
            return _figure(
                1,
                "",
                f"No reconstruction by {self.name} is stored: the method has none, or the run is "
                f"of an earlier version. {self._again}",
            )
        grid = PictureGrid(
            tuple(name for *_, name in kept),
            (
                PictureRow("original", tuple(Shot(a, f"{name}, original") for a, _, name in kept)),
                PictureRow(
                    "reconstruction",
                    tuple(
                        Shot(b, f"{name}, reconstruction by {self.name}", _psnr_text(a, b))
                        for a, b, name in kept
                    ),
                ),
            ),
        )
        caption = (
            f"{_count(len(kept), 'real face')} of the gallery, encoded and decoded again by "
            f"{self.name} with no transfer between; below, the peak signal-to-noise ratio."
        )
        return _figure(1, caption, "", grid)

    def _mean_faces(self) -> PaperFigure:
        first: dict[str, Pair] = {}
        for pair in self.pictures.pairs:
            first.setdefault(pair.target, pair)
        people = [
            (
                target,
                self._output(pair, 0.0 if self.has_alpha else None),
                self.references.get(target, ()),
            )
            for target, pair in first.items()
        ]
        people = [one for one in people if one[1].path is not None or one[2]][:MOST_PEOPLE]
        if not self.has_alpha:
            return _figure(2, "", f"{self.name} has no alpha, so it shows no mean face of its own.")
        if not people:
            return _figure(2, "", f"No mean face of {self.name} is stored. {self._again}")
        most = max(len(references) for *_, references in people)
        rows = [
            PictureRow(
                printable(target),
                (mean, *references, *[None] * (most - len(references))),
            )
            for target, mean, references in people
        ]
        columns = ("mean face", *(f"sample {place + 1}" for place in range(most)))
        names = listed([target for target, *_ in people], MOST_PEOPLE)
        caption = (
            f"The mean face that {self.name} makes of {names}: its output at alpha 0, where "
            "nothing is transferred"
        )
        caption += ", and samples of the reference set that it is made of." if most else "."
        missing = ""
        if bare := [target for target, _, references in people if not references]:
            missing = f"No sample of the reference set of {listed(bare, MOST_PEOPLE)} is stored. "
            missing += self._again
        return _figure(2, caption, missing, PictureGrid(columns, tuple(rows)))

    def _strip(self) -> PaperFigure:
        if not self.has_alpha:
            return _figure(3, "", f"{self.name} has no alpha: there is one output for each pair.")
        pairs = self._with_outputs(self.pictures.pairs)[:MOST_STRIPS]
        alphas = _tenths(self._alphas(pairs, 0.0, 1.0))
        if not alphas:
            return _figure(
                3, "", f"No output of {self.name} at alpha in [0, 1] is stored. {self._again}"
            )
        grid = self._over_alpha(pairs, alphas, _pair_name)
        caption = (
            f"Transfers by {self.name} at alpha {_range(alphas)}: {_pairs_named(pairs)}. From left "
            "to right the source, the target's neutral face, and the outputs."
        )
        return _figure(3, caption, "", grid)

    def _same_target(self) -> PaperFigure:
        def row_name(pair: Pair) -> str:
            return f"{printable(pair.sample)} of {printable(pair.source)}"

        together = self._with_outputs(self.pictures.same_target)[:MOST_ROWS]
        target = printable(together[0].target) if together else ""
        return self._of_paper(
            4,
            together,
            row_name,
            f"expressions of {_people([pair.source for pair in together])} to {target}",
            f"No other pair of the target {target} has pictures. {self._again}",
        )

    def _same_sample(self) -> PaperFigure:
        together = self._with_outputs(self.pictures.same_sample)[:MOST_ROWS]
        described = _pairs_named(together)
        missing = ""
        if len(together) > 1:
            first = together[0]
            described = f"{printable(first.sample)} of {printable(first.source)} to "
            described += listed([pair.target for pair in together], MOST_ROWS)
        elif alike := self._same_expression():
            together = alike
            expression = printable(self.expressions[together[0].source, together[0].sample])
            described = f"the expression {expression}, of {_people([p.source for p in together])}, "
            described += f"to {listed([p.target for p in together], MOST_ROWS)}"
            missing = "No stored source image goes to several targets, so these are several people."
        figure = self._of_paper(
            5,
            together,
            lambda pair: f"to {printable(pair.target)}",
            described,
            "No stored expression goes to several targets: the split may give each source image "
            "to one target, or the run is of an earlier version.",
        )
        if figure.missing or not missing:
            return figure
        return _figure(5, figure.caption, missing, figure.content)

    def _of_paper(
        self,
        number: int,
        pairs: Sequence[Pair],
        row_name: Callable[[Pair], str],
        described: str,
        alone: str,
    ) -> PaperFigure:
        """Figures 4 and 5: a row for each pair, at alphas of the paper's range."""
        if not pairs:
            return _figure(number, "", f"No output of {self.name} is stored. {self._again}")
        missing = alone if len(pairs) < 2 else ""
        if not self.has_alpha:
            grid = self._over_alpha(pairs, [None], row_name)
            caption = f"Transfers by {self.name}: {described}."
            return _figure(number, caption, missing, grid)
        low, high = PAPER_ALPHAS
        alphas = _spread(self._alphas(pairs, low, high), MOST_ALPHAS)
        if not alphas:
            stored = self._alphas(pairs, -np.inf, np.inf)
            alphas = [min(stored, key=lambda alpha: (abs(alpha - 0.4), alpha))]
            missing = f"No output at alpha in [0.3, 0.5] is stored. {missing}".strip()
        caption = f"Transfers by {self.name} at alpha {_range(alphas)}: {described}."
        return _figure(number, caption, missing, self._over_alpha(pairs, alphas, row_name))

    def _over_alpha(
        self,
        pairs: Sequence[Pair],
        alphas: Sequence[float | None],
        row_name: Callable[[Pair], str],
    ) -> PictureGrid:
        """A row for each pair: source, the target's neutral face, outputs."""
        rows = [
            PictureRow(
                row_name(pair),
                (*real, *(self._output(pair, alpha) for alpha in alphas)),
            )
            for pair, real in zip(pairs, self._real(pairs), strict=True)
        ]
        named = ["output" if alpha is None else f"α {alpha_name(alpha)}" for alpha in alphas]
        return PictureGrid(("source", "target", *named), tuple(rows))

    def _real(self, pairs: Sequence[Pair]) -> list[list[Shot | None]]:
        """Source and target of each pair; one that all share stands in the first row alone."""
        shown: list[list[Shot | None]] = [
            [
                Shot(
                    self.pictures.real(pair, "source"),
                    f"{printable(pair.source)}, {printable(pair.sample)}: the source",
                ),
                Shot(
                    self.pictures.real(pair, "target-neutral"),
                    f"{printable(pair.target)}: the target's neutral face",
                ),
            ]
            for pair in pairs
        ]
        sources = {(pair.source, pair.sample) for pair in pairs}
        targets = {pair.target for pair in pairs}
        for side, count in enumerate((len(sources), len(targets))):
            if count == 1:
                for row in shown[1:]:
                    row[side] = None
        return shown

    def _output(self, pair: Pair, alpha: float | None) -> Shot:
        at = "" if alpha is None else f", alpha {alpha_name(alpha)}"
        outcome = self.outcomes.get((pair, None if alpha is None else round(alpha, 6)), "")
        path = self.pictures.output(self.run_id, pair, alpha)
        says = f"{self.name}, {_pair_name(pair)}{at}" + (f": {outcome}" if outcome else "")
        return Shot(path, says, outcome, outcome or "not stored")

    def _alphas(self, pairs: Sequence[Pair], low: float, high: float) -> list[float]:
        """Alphas in a range at which all these pairs have an output, else any of them."""
        stored = [set(self.pictures.alphas(self.run_id, pair)) for pair in pairs]
        common = (set.intersection(*stored) or set.union(*stored)) if stored else set()
        return sorted(alpha for alpha in common if low - 1e-6 <= alpha <= high + 1e-6)

    def _with_outputs(self, pairs: Sequence[Pair]) -> list[Pair]:
        if self.has_alpha:
            return [pair for pair in pairs if self.pictures.alphas(self.run_id, pair)]
        return [pair for pair in pairs if self.pictures.output(self.run_id, pair, None)]

    def _same_expression(self) -> list[Pair]:
        """Pairs of the most frequent expression, each of another target; two or more, or none."""
        shown: dict[str, dict[str, Pair]] = {}
        for pair in self._with_outputs(self.pictures.pairs):
            expression = self.expressions.get((pair.source, pair.sample), "")
            if expression:
                shown.setdefault(expression, {}).setdefault(pair.target, pair)
        most = max(shown.values(), key=len, default={})
        return list(most.values())[:MOST_ROWS] if len(most) > 1 else []


def reference_shots(pictures: Pictures) -> dict[str, list[Shot]]:
    """Pictures of the reference set of each target of the gallery."""
    return {
        target: [
            Shot(path, f"{printable(target)}, sample {place} of the reference set")
            for place, path in enumerate(pictures.references(target), start=1)
        ]
        for target in dict.fromkeys(pair.target for pair in pictures.pairs)
    }


def refused(number: int, reason: str) -> PaperFigure:
    """A picture figure of people who may not be shown."""
    return _figure(number, "", f"{reason[:1].upper()}{reason[1:]}.")


def _figure(number: int, caption: str, missing: str, grid: object | None = None) -> PaperFigure:
    content = grid if isinstance(grid, PictureGrid) else None
    return PaperFigure(number, TITLES[number], caption, missing, content)


def _pair_name(pair: Pair) -> str:
    return f"{printable(pair.source)}, {printable(pair.sample)}, to {printable(pair.target)}"


def _pairs_named(pairs: Sequence[Pair]) -> str:
    named = [
        f"{printable(pair.sample)} of {printable(pair.source)} to {printable(pair.target)}"
        for pair in pairs
    ]
    return listed(named, MOST_ROWS)


def _people(names: Sequence[str]) -> str:
    return listed(list(dict.fromkeys(names)), MOST_ROWS)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _range(alphas: Sequence[float]) -> str:
    if len(alphas) == 1:
        return alpha_name(alphas[0])
    return f"{alpha_name(alphas[0])} to {alpha_name(alphas[-1])}"


def _tenths(alphas: Sequence[float]) -> list[float]:
    """The tenths among them; a grid that lacks most tenths is thinned out to as many."""
    tenths = [alpha for alpha in alphas if abs(alpha * 10 - round(alpha * 10)) < 1e-6]
    return tenths if len(tenths) > 5 else _spread(alphas, 11)


def _spread(alphas: Sequence[float], most: int) -> list[float]:
    """At most so many of them, evenly, with both ends."""
    if len(alphas) <= most:
        return list(alphas)
    places = np.unique(np.linspace(0, len(alphas) - 1, most).round().astype(int))
    return [alphas[int(place)] for place in places]


def _psnr_text(original: Path | None, made: Path | None) -> str:
    """Of two image files; nothing where they cannot be compared."""
    if original is None or made is None:
        return ""
    first, second = (_read(path) for path in (original, made))
    if first is None or second is None or first.shape != second.shape:
        return ""
    error = float(np.square(first - second).mean())
    return "exact" if error == 0 else f"{10 * np.log10(255.0**2 / error):.0f} dB"


def _read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
    try:
        with Image.open(path, formats=FORMATS) as file:
            return np.asarray(file.convert("RGB"), dtype=np.float64)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
