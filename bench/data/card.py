"""Dataset cards: what a dataset is, who made it, how it lies on disk, how it is benchmarked."""

from __future__ import annotations

import itertools
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any, get_args, get_origin, get_type_hints

from bench.errors import BenchError
from bench.paths import datasets_folder

__all__ = ["BenchmarkDefaults", "DatasetCard", "SplitRecipe", "list_cards", "load_card"]


@dataclass(frozen=True, slots=True)
class SplitRecipe:
    """How ``bench data split`` makes the split: the arguments of the script and nothing else.

    Attributes:
        dev_share: share of the identities that goes to dev, 0 to 1.
        targets_per_source: cross targets of every source sample.
        self_pairs: whether every source sample is also paired with its own identity.
        balance: groups that dev and test hold alike; empty to part all identities at random.
    """

    seed: int
    dev_share: float
    targets_per_source: int
    self_pairs: bool
    balance: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BenchmarkDefaults:
    """What ``<dataset>`` alone means, and which resolutions the card offers.

    Attributes:
        alphas: grid of transfer intensities, ascending.
    """

    split: str
    resolution: int
    resolutions: tuple[int, ...]
    alphas: tuple[float, ...]
    embedder: str
    au_estimator: str


@dataclass(frozen=True, slots=True)
class DatasetCard:
    """The contents of ``card.toml``.

    Attributes:
        path: pattern of an image's path below the data folder, with ``{identity}`` and
            ``{sample}``.
        roles: sample name -> ``reference`` (makes the mean face) or ``source`` (is transferred).
        expressions: sample name -> expression; the one called ``neutral`` is the neutral face.
        doi: empty if the dataset has none.
        may_show_images: whether the licence lets a report show the faces.
        ships_images: whether the images lie in the card's own folder, so that nobody needs a copy.
        groups_file: path below the data folder of a table of ``identity`` and ``groups``; empty if
            there are none.
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
    path: str
    size: int
    groups_file: str
    groups: tuple[str, ...]
    roles: dict[str, str]
    expressions: dict[str, str]
    split_recipe: SplitRecipe
    benchmark: BenchmarkDefaults
    folder: Path = field(compare=False)

    @property
    def manifest(self) -> Path:
        """The committed list of all images with size and SHA-256."""
        return self.folder / "files.csv"

    @property
    def citation(self) -> str:
        published = f"{', '.join(self.authors)}. {self.title}. {self.year}."
        return f"{published} doi:{self.doi}" if self.doi else published

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


def list_cards() -> list[str]:
    """Names of the datasets that have a card."""
    return sorted(path.parent.name for path in datasets_folder().glob("*/card.toml"))


def load_card(name: str, folder: Path | None = None) -> DatasetCard:
    """Reads the card of a dataset.

    Args:
        name: name of the dataset.
        folder: folder of the card; by default ``datasets/<name>``.

    Raises:
        BenchError: there is no such card, it is no TOML, or a field is missing, unknown or of
            the wrong type; the message names file and field.
    """
    folder = folder or datasets_folder() / name
    path = folder / "card.toml"
    if not path.is_file():
        raise BenchError(f"no dataset card at {path}", hint=f"known: {', '.join(list_cards())}")
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BenchError(f"{path} is not valid TOML: {error}") from error
    values["split_recipe"] = _record(SplitRecipe, values.get("split_recipe"), path)
    values["benchmark"] = _record(BenchmarkDefaults, values.get("benchmark"), path)
    values["folder"] = folder
    card: DatasetCard = _record(DatasetCard, values, path)
    if problem := _contradiction(card):
        raise BenchError(f"{path}: {problem}")
    return card


def _contradiction(card: DatasetCard) -> str | None:
    """What is wrong with a card whose fields all have the right type; None if nothing."""
    alphas, recipe = card.benchmark.alphas, card.split_recipe
    if set(card.roles) != set(card.expressions):
        return "roles and expressions name different samples"
    if unknown := set(card.roles.values()) - {"reference", "source"}:
        return f"unknown role(s) {sorted(unknown)}"
    if _placeholders(card.path) != {"identity", "sample"}:
        return f"path must have {{identity}} and {{sample}}, not {card.path!r}"
    if Path(card.path).is_absolute() or ".." in Path(card.path).parts:
        return f"path must stay below the data folder, not {card.path!r}"
    if card.groups and not card.groups_file:
        return "groups are named, and no groups_file that holds them"
    if unknown := set(recipe.balance) - set(card.groups):
        return f"balance names {sorted(unknown)}, which groups does not"
    if not alphas or not all(map(math.isfinite, alphas)):
        return "alphas must be numbers, at least one"
    if any(a >= b for a, b in itertools.pairwise(alphas)):
        return "alphas must ascend"
    return None


def _placeholders(pattern: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}
    except ValueError:  # a brace without its partner
        return set()


def _record(kind: type[Any], values: Any, path: Path) -> Any:
    if not isinstance(values, dict):
        raise BenchError(f"{path}: a table for {kind.__name__} is missing")
    known = get_type_hints(kind)
    if unknown := sorted(set(values) - set(known)):
        raise BenchError(f"{path}: unknown field(s) {', '.join(unknown)}")
    if missing := sorted(set(known) - set(values)):
        raise BenchError(f"{path}: missing field(s) {', '.join(missing)}")
    for name, value in values.items():
        if not _fits(value, known[name]):
            raise BenchError(
                f"{path}: {name} must be of type {_in_toml(known[name])}, not {value!r}"
            )
    return kind(**{name: _converted(value, known[name]) for name, value in values.items()})


def _fits(value: Any, expected: Any) -> bool:
    arguments = get_args(expected)
    if get_origin(expected) is tuple:
        return isinstance(value, list) and all(_fits(item, arguments[0]) for item in value)
    if get_origin(expected) is dict:
        return isinstance(value, dict) and all(_fits(v, arguments[1]) for v in value.values())
    # In Python, but not in TOML, a truth value is a number.
    if isinstance(value, bool) or expected is bool:
        return isinstance(value, bool) and expected is bool
    return isinstance(value, (int, float) if expected is float else expected)


def _converted(value: Any, expected: Any) -> Any:
    """A fitting value as the field holds it: lists as tuples, whole numbers as floats."""
    if get_origin(expected) is tuple:
        return tuple(_converted(item, get_args(expected)[0]) for item in value)
    return float(value) if expected is float else value


def _in_toml(expected: Any) -> str:
    arguments = get_args(expected)
    if get_origin(expected) is tuple:
        return f"list of {arguments[0].__name__}"
    if get_origin(expected) is dict:
        return f"table of {arguments[1].__name__}"
    return str(expected.__name__)
