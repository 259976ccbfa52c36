"""What a card says of a dataset's files: names, side files, codes, roles and AU labels."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["LabelSpec", "Layout", "RoleRule", "SideTable"]


@dataclass(frozen=True, slots=True)
class SideTable:
    """Text files that say more of an image than its name does, a row for each thing said.

    A row's fields are the named groups of its file's path and its columns. Those that the images
    have too tell which images it is about; the others are given to these images. A field ``AU01``
    is an Action Unit's intensity, and so are ``au`` (its number) and ``value`` together.

    Attributes:
        files: regular expression of the files' paths, like ``Layout.pattern`` but with extension.
        separator: between columns; empty for white space.
        header: number of the line with the columns' names, 0 if there is none.
        columns: field -> name of its column, where there is a header.
        names: fields by position, where there is none; empty for a column that is not wanted.
        frame_offset: added to the field ``frame``, where the rows count from another number than
            the images.
        unknown: values that mean "not known", such as 9.
        optional: whether a copy without these files is complete.
    """

    files: str
    separator: str = ","
    header: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    frame_offset: int = 0
    unknown: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Which images serve as what; the first rule that applies to an image decides.

    Attributes:
        role: ``reference`` (makes the mean face) or ``source`` (is transferred).
        where: field -> the values that it may have; several fields must all agree.
        frame: ``first``, ``middle`` or ``last`` of the image's sequence; empty for any.
        becomes: the expression that the image is given, instead of its own.
        most: at most so many images of one identity, expression and intensity; 0 for all.
        choose: which of them: ``spread`` evenly over the files in order, or the ``strongest``.
    """

    role: str
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    frame: str = ""
    becomes: str = ""
    most: int = 0
    choose: str = "spread"


@dataclass(frozen=True, slots=True)
class Layout:
    """From a file's path to its identity, expression, intensity, role and groups.

    Attributes:
        pattern: regular expression of an image's path without its extension, with named groups:
            the image's fields. It must fit the path's end from the beginning of a folder's or
            file's name on; with ``^`` in front, the whole path below the data folder.
        sample: an image's name, unique for its identity, as ``{field}`` text; by default the
            field ``sample``, else what the pattern fits.
        sequence: fields that the frames of one recording share.
        lower_case: fields whose capitals say nothing.
        derived: further field -> the field whose value it takes.
        codes: field -> code -> what the code means; a code that is not there is refused.
        tables: side files.
        roles: rules; without any, the field ``role`` decides, and without that every image is a
            reference: a dataset of identities, on which embedders are calibrated.
    """

    pattern: str
    sample: str = ""
    sequence: tuple[str, ...] = ()
    lower_case: tuple[str, ...] = ()
    derived: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tables: tuple[SideTable, ...] = ()
    roles: tuple[RoleRule, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """The AU labels of a dataset.

    Attributes:
        scale: ``LOW..HIGH``; ``0..5`` are the intensities A to E of FACS.
        file: table of ``identity``, ``sample`` and ``AU01``, ... beside the card.
        action_units: the labelled ones, such as ``AU12``; empty for all that the table has.
        unlisted_is_zero: an AU that a labelled image's side files do not list is absent.
        neutral_is_zero: a neutral image without a label has no AU.
        names_expressions: an image's expression is that of its labels: ``neutral`` if all are
            at most ``absent``, else the AUs from ``present`` on, such as ``AU06+AU12``.
    """

    scale: str
    file: str = "labels.csv"
    action_units: tuple[str, ...] = ()
    unlisted_is_zero: bool = False
    neutral_is_zero: bool = False
    names_expressions: bool = False
    absent: float = 0.0
    present: float = 2.0

    @property
    def bounds(self) -> tuple[float, float]:
        """The ends of the scale."""
        low, _, high = self.scale.partition("..")
        return float(low), float(high)
