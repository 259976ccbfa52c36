"""The settings of a training: one list for the command line and for config files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from glow.config import GlowConfig
from glow.data import Augmentation
from glow.training.options import TrainingOptions

__all__ = [
    "SETTINGS",
    "Setting",
    "add_settings",
    "all_settings",
    "from_options",
    "to_options",
    "with_defaults",
]


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a user can set.

    Attributes:
        owner: the class that holds it.
        field: its name there.
        name: on the command line (after two dashes) and in a config file.
        help: what it is, in a few words.
        kind: type of the value, or of each value if there may be ``many``.
        default: what holds if it is not set; None if it must be set.
        choices: the values that are allowed; empty for any.
        many: whether it may be given several times; a list in a config file.
    """

    owner: type
    field: str
    name: str
    help: str
    kind: type
    default: Any
    choices: tuple[str, ...]
    many: bool

    @classmethod
    def of(cls, owner: type, field: str, help: str, *, name: str | None = None) -> Setting:
        """A setting whose type, choices and default are those of a dataclass field."""
        hint: Any = get_type_hints(owner)[field]
        default = next(f.default for f in fields(owner) if f.name == field)
        literal, many = get_origin(hint) is Literal, bool(get_args(hint))
        return cls(
            owner,
            field,
            name=name or field.replace("_", "-"),
            help=help,
            kind=str if literal else get_args(hint)[0] if many else hint,
            default=None if default is MISSING else default,
            choices=get_args(hint) if literal else (),
            many=many and not literal,
        )


AUGMENT = Setting(
    owner=TrainingOptions,
    field="augmentation",
    name="augment",
    help="change each image at random; --no-augment where there are images enough",
    kind=bool,
    default=True,
    choices=(),
    many=False,
)

SETTINGS: Mapping[str, tuple[Setting, ...]] = {
    "files": (
        Setting.of(TrainingOptions, "data", "folder, list or dataset card; repeatable"),
        Setting.of(TrainingOptions, "out", "folder of the run"),
        Setting.of(TrainingOptions, "held_out", "the same, to measure on; else a share of --data"),
        Setting.of(TrainingOptions, "held_out_share", "share of the people or images"),
        Setting.of(TrainingOptions, "part", "part of a card's split"),
        Setting.of(
            TrainingOptions,
            "data_folders",
            "where the images of cards lie, if not beside them; repeatable",
            name="data-folder",
        ),
    ),
    "model": (
        Setting.of(GlowConfig, "image_size", "pixels"),
        Setting.of(GlowConfig, "levels", "scales, L"),
        Setting.of(GlowConfig, "steps", "flow steps a level, K", name="depth"),
        Setting.of(GlowConfig, "width", "hidden channels"),
        Setting.of(GlowConfig, "coupling", "of each step"),
        Setting.of(GlowConfig, "permutation", "of each step"),
        Setting.of(GlowConfig, "actnorm", "an actnorm in each step"),
        Setting.of(GlowConfig, "learn_top", "learn the last level's prior"),
        Setting.of(GlowConfig, "bits", "bit depth of the images it will encode"),
        Setting.of(GlowConfig, "classes", "folders below --data, each a class; 0 for none"),
    ),
    "training": (
        Setting.of(TrainingOptions, "steps", "optimiser steps"),
        Setting.of(TrainingOptions, "batch", "images a step"),
        Setting.of(TrainingOptions, "learning_rate", "of Adam, at its highest"),
        Setting.of(TrainingOptions, "warmup", "steps until then"),
        Setting.of(TrainingOptions, "weight_decay", "of AdamW"),
        Setting.of(TrainingOptions, "average", "decay of the averaged weights"),
        Setting.of(TrainingOptions, "noise_bits", "noise of width 2^-BITS"),
        Setting.of(TrainingOptions, "clip", "largest norm of the gradient"),
        Setting.of(TrainingOptions, "measure_every", "steps between measurements"),
        Setting.of(TrainingOptions, "precision", "of the coupling networks"),
        Setting.of(TrainingOptions, "memory", "how to have activations for the backward pass"),
        Setting.of(TrainingOptions, "device", "cpu or cuda"),
        Setting.of(TrainingOptions, "seed", "of all that is random"),
    ),
    "changes of the images": (
        AUGMENT,
        Setting.of(Augmentation, "rotation", "largest, degrees"),
        Setting.of(Augmentation, "scale", "largest change of size, share"),
        Setting.of(Augmentation, "shift", "largest, share of the frame"),
        Setting.of(Augmentation, "bend", "largest, share of the frame"),
        Setting.of(Augmentation, "colour", "largest change, share"),
    ),
}
"""By the group in which ``--help`` and the written config file show them."""

ALIASES = {"data": "images"}
"""Older names on the command line."""


def all_settings() -> Iterator[Setting]:
    for group in SETTINGS.values():
        yield from group


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Adds an option for each setting; what is not given leaves no trace in the result."""
    for title, settings in SETTINGS.items():
        group = parser.add_argument_group(title)
        for setting in settings:
            names = [f"--{setting.name}"]
            if alias := ALIASES.get(setting.name):
                names.append(f"--{alias}")
            details: dict[str, Any] = {"dest": setting.name, "default": argparse.SUPPRESS}
            default = setting.default
            if setting.kind is bool:
                details["action"] = argparse.BooleanOptionalAction
                default = "yes" if default else "no"
            else:
                details["type"] = setting.kind
                details["choices"] = setting.choices or None
                if not setting.choices:
                    details["metavar"] = setting.kind.__name__.upper()
            if setting.many:
                details["action"] = "append"
            has_default = default not in (None, ())
            shown = f"{setting.help} (default {default})" if has_default else setting.help
            group.add_argument(*names, help=shown.replace("%", "%%"), **details)


def with_defaults(*given: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each setting, by name: the last that was given, else the default.

    Raises:
        ValueError: no images or no folder of the run were given.
    """
    values = {setting.name: setting.default for setting in all_settings()}
    for source in given:
        values.update(source)
    if not values["data"]:
        raise ValueError("no training images: give --data, or data = [...] in the config file")
    if values["out"] is None:
        raise ValueError("no folder of the run: give --out, or out = ... in the config file")
    return values


def to_options(values: Mapping[str, Any]) -> tuple[GlowConfig, TrainingOptions]:
    """Settings as what :func:`glow.training.train` takes.

    Raises:
        ValueError: a value is out of its range.
    """

    def of(owner: type) -> dict[str, Any]:
        return {s.field: values[s.name] for s in all_settings() if s.owner is owner}

    augmentation = Augmentation(**of(Augmentation)) if values[AUGMENT.name] else None
    options = of(TrainingOptions) | {AUGMENT.field: augmentation}
    return GlowConfig(**of(GlowConfig)), TrainingOptions(**options)


def from_options(config: GlowConfig, options: TrainingOptions) -> dict[str, Any]:
    """The inverse of :func:`to_options`."""
    owners = {
        GlowConfig: config,
        TrainingOptions: options,
        Augmentation: options.augmentation or Augmentation(),
    }
    values = {s.name: getattr(owners[s.owner], s.field) for s in all_settings()}
    return values | {AUGMENT.name: options.augmentation is not None}
