"""Dataset cards: what a dataset is, who made it, how it lies on disk, how it is benchmarked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from bench.data.card_check import card_problem
from bench.data.inside import name_in_path_problem
from bench.data.layout.pattern import pattern_of_path
from bench.data.layout.spec import LabelSpec, Layout, RoleRule
from bench.data.reading import read_text
from bench.data.record import read_record
from bench.errors import BenchError
from bench.paths import dataset_folders
from bench.suggest import did_you_mean

__all__ = [
    "BenchmarkDefaults", "DatasetCard", "SplitRecipe", "find_card", "find_cards", "list_cards",
    "load_card", "read_card",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SplitRecipe:
    """How ``bench data splits`` makes the split: the arguments of the script and nothing else.

    Attributes:
        dev_share: share of the identities that goes to dev, 0 to 1.
        targets_per_source: cross targets of every source sample.
        self_pairs: whether every source sample is also paired with its own identity.
        balance: groups that dev and test hold alike; empty to part all identities at random.
        people: at most so many identities, drawn at random; 0 for all.
    """

    seed: int
    dev_share: float
    targets_per_source: int
    self_pairs: bool
    balance: tuple[str, ...]
    people: int = 0


@dataclass(frozen=True, slots=True)
class BenchmarkDefaults:
    """What ``<dataset>`` alone means, and which resolutions the card offers.

    Attributes:
        alphas: grid of transfer intensities, ascending.
        source_aus: what a source image's Action Units are: what the ``estimator`` reads, or the
            dataset's ``labels``.
    """

    split: str
    resolution: int
    resolutions: tuple[int, ...]
    alphas: tuple[float, ...]
    embedder: str
    au_estimator: str
    source_aus: str = "estimator"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard:
    """The contents of ``card.toml``.

    A card says where its images lie either with ``path``, ``roles`` and ``expressions``, for files
    that are called alike in all identities, or with ``layout``.

    Attributes:
        doi: empty if the dataset has none.
        may_show_images: whether the licence lets a report show the faces.
        ships_images: whether the images lie in the card's own folder, so that nobody needs a copy.
        path: pattern of an image's path below the data folder, with ``{identity}`` and
            ``{sample}``.
        roles: sample name -> ``reference`` (makes the mean face) or ``source`` (is transferred).
        expressions: sample name -> expression; the one called ``neutral`` is the neutral face.
        layout: regular expressions and rules instead of the three.
        size: side of every image in pixels; 0 if any will do.
        groups_file: path below the data folder of a table of ``identity`` and ``groups``; empty if
            there are none, or if the layout tells them.
        labels: AU labels; None if the dataset has none.
    """

    name: str
    title: str
    authors: tuple[str, ...]
    year: int
    doi: str
    licence: str
    licence_url: str
    how_to_get: str
    alignment: str
    may_show_images: bool
    ships_images: bool
    path: str = ""
    roles: dict[str, str] = field(default_factory=dict)
    expressions: dict[str, str] = field(default_factory=dict)
    layout: Layout | None = None
    size: int = 0
    groups_file: str = ""
    groups: tuple[str, ...] = ()
    labels: LabelSpec | None = None
    split_recipe: SplitRecipe
    benchmark: BenchmarkDefaults
    folder: Path = field(compare=False)

    @property
    def manifest(self) -> Path:
        """The list of all images with size and SHA-256."""
        return self.folder / "files.csv"

    @property
    def split_file(self) -> Path:
        """The version of the split in use."""
        return self.folder / "splits" / f"{self.benchmark.split}.csv"

    @property
    def is_ready(self) -> bool:
        """Whether there is a list of images and a split: nothing else is needed but the images."""
        return self.manifest.is_file() and self.split_file.is_file()

    @property
    def citation(self) -> str:
        published = f"{', '.join(self.authors)}. {self.title}. {self.year}."
        return f"{published} doi:{self.doi}" if self.doi else published

    def files_layout(self) -> Layout:
        """The layout, also of a card that says where its images lie with ``path``."""
        if self.layout is not None:
            return self.layout
        rules = (
            RoleRule(role, {"sample": (sample,)}, becomes=self.expressions[sample])
            for sample, role in self.roles.items()
        )
        return Layout(pattern_of_path(self.path, self.roles), roles=tuple(rules))

    def data_folder(self, given: Path | None) -> Path:
        """Where the images lie: the folder that was given, else the card's own if it ships them.

        Raises:
            BenchError: none was given and the images do not come with the card.
        """
        if given is None and not self.ships_images:
            raise BenchError(
                f"dataset {self.name} needs your copy of its images",
                hint=f"--data DIR; bench data show {self.name} tells where to get them",
            )
        return given or self.folder


def find_cards(name: str) -> list[Path]:
    """The folders of the cards of a name; the first counts and hides the others."""
    if name_in_path_problem(name):
        return []
    places = [folder / name for folder in dataset_folders()]
    return [place for place in places if (place / "card.toml").is_file()]


def find_card(name: str) -> Path | None:
    """The folder of a dataset's card: the first of that name in the folders of datasets."""
    return next(iter(find_cards(name)), None)


def list_cards() -> list[str]:
    """Names of the datasets that have a card, in any folder of datasets."""
    cards = (path for folder in dataset_folders() for path in folder.glob("*/card.toml"))
    return sorted({path.parent.name for path in cards})


def load_card(name: str, folder: Path | None = None) -> DatasetCard:
    """Reads the card of a dataset.

    Args:
        name: name of the dataset.
        folder: folder of the card; by default the first that has one of that name.

    Raises:
        BenchError: there is no such card, it is no TOML, or a field is missing, unknown or of
            the wrong type; the message names file and field.
    """
    folder = folder or find_card(name)
    if folder is None:
        known = list_cards()
        raise BenchError(
            f"no dataset card called {name!r}{did_you_mean(name, known)}",
            hint=f"known: {', '.join(known)}",
        )
    return read_card(folder / "card.toml")


def read_card(path: Path) -> DatasetCard:
    """Reads a card file; its folder is the dataset's.

    Raises:
        BenchError: as for :func:`load_card`.
    """
    if not path.is_file():
        raise BenchError(f"no dataset card at {path}", hint=f"known: {', '.join(list_cards())}")
    text = read_text(path)
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # malformed, or a number of thousands of digits
        raise BenchError(f"{path} is not valid TOML: {error}") from error
    except RecursionError as error:
        raise BenchError(f"{path} is not valid TOML: it is nested too deeply") from error
    for name, kind in (("split_recipe", SplitRecipe), ("benchmark", BenchmarkDefaults)):
        if name not in values:
            raise BenchError(f"{path}: a table for {kind.__name__} is missing")
    card: DatasetCard = read_record(DatasetCard, {**values, "folder": path.parent}, path)
    if problem := card_problem(card):
        raise BenchError(f"{path}: {problem}")
    return card
