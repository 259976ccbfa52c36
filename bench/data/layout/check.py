"""Whether a layout makes sense, before any file is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bench.data.inside import name_in_path_problem
from bench.data.layout.pattern import fields_of_pattern, fields_of_template
from bench.data.layout.side import fields_of_table, unit_name
from bench.data.layout.spec import LabelSpec, Layout, SideTable

__all__ = ["fields_of_layout", "label_problem", "layout_problem"]


def layout_problem(layout: Layout, labels: LabelSpec | None) -> str | None:
    """What is wrong with a layout whose fields all have the right type; None if nothing."""
    return next(_problems(layout, labels), None)


def fields_of_layout(layout: Layout) -> set[str]:
    """All fields that an image may have: of its path, of the side files, and derived ones.

    Raises:
        re.error: a pattern is no regular expression.
    """
    tables = [fields_of_table(table) for table in layout.tables]
    return fields_of_pattern(layout.pattern).union({"sample"}, layout.derived, *tables)


def _problems(layout: Layout, labels: LabelSpec | None) -> Iterator[str]:
    for name, pattern in [
        ("pattern", layout.pattern), *(("files", table.files) for table in layout.tables)
    ]:  # fmt: skip
        if wrong := _fails(lambda p=pattern: fields_of_pattern(p)):  # type: ignore[misc]
            yield f"layout: {name} {pattern!r} is no regular expression: {wrong}"
            return
    known = fields_of_pattern(layout.pattern) | {"sample"}
    for number, table in enumerate(layout.tables, start=1):
        problems = _table_problems(table, known, labels)
        yield from (f"layout.tables[{number}]: {problem}" for problem in problems)
        known |= fields_of_table(table)
    if "identity" not in known:
        yield "layout: neither the pattern nor a table has the field identity"
    for name, source in layout.derived.items():
        if source not in known:
            yield f"layout.derived: {name} is taken of {source!r}, which no image has"
    known = fields_of_layout(layout)
    if unknown := sorted(set(layout.codes) - known):
        yield f"layout.codes: no image has the field(s) {', '.join(unknown)}"
    if wrong := _fails(lambda: fields_of_template(layout.sample)):
        yield f"layout: sample {layout.sample!r} is malformed: {wrong}"
        return
    if unknown := sorted(
        {*fields_of_template(layout.sample), *layout.sequence, *layout.lower_case} - known
    ):
        yield f"layout: no image has the field(s) {', '.join(unknown)}"
    yield from _role_problems(layout, known | {"expression"}, labels)


def _table_problems(table: SideTable, known: set[str], labels: LabelSpec | None) -> Iterator[str]:
    fields = fields_of_table(table)
    if bool(table.columns) == bool(table.names) or bool(table.columns) != bool(table.header):
        yield "needs either names, or columns and the header's line"
    if not fields & known:
        yield f"none of {', '.join(sorted(fields))} is a field that images have"
    if len(table.separator) > 1:
        yield f"separator must be one character or empty, not {table.separator!r}"
    if ("au" in fields) != ("value" in fields):
        yield "au and value belong together"
    if labels is None and any(name == "au" or _is_unit(name) for name in fields):
        yield "holds Action Units, and the card has no [labels] with their scale"


def _role_problems(layout: Layout, known: set[str], labels: LabelSpec | None) -> Iterator[str]:
    for number, rule in enumerate(layout.roles, start=1):
        where = f"layout.roles[{number}]"
        if rule.role not in ("reference", "source"):
            yield f"{where}: unknown role {rule.role!r}"
        if rule.frame not in ("", "first", "middle", "last"):
            yield f"{where}: unknown frame {rule.frame!r}; first, middle or last"
        if rule.frame and ("frame" not in known or not layout.sequence):
            yield f"{where}: frame needs the field frame and a sequence"
        if rule.choose not in ("spread", "strongest"):
            yield f"{where}: unknown choose {rule.choose!r}; spread or strongest"
        if rule.choose == "strongest" and labels is None and "intensity" not in known:
            yield f"{where}: strongest needs [labels] or the field intensity"
        if rule.most < 0:
            yield f"{where}: most is negative"
        if unknown := sorted(set(rule.where) - known):
            yield f"{where}: no image has the field(s) {', '.join(unknown)}"


def label_problem(labels: LabelSpec) -> str | None:
    """What is wrong with the labels of a card; None if nothing."""
    if not re.fullmatch(r"\d+(\.\d+)?\.\.\d+(\.\d+)?", labels.scale):
        return f"labels: scale must be LOW..HIGH, such as 0..5, not {labels.scale!r}"
    if wrong := sorted(unit for unit in labels.action_units if not _is_unit(unit)):
        return f"labels: {wrong} are no names such as AU06"
    if problem := name_in_path_problem(labels.file):
        return f"labels: file lies beside the card, and {labels.file!r} {problem}"
    if not labels.file.endswith(".csv") or labels.file.lower() == "files.csv":
        return f"labels: file must end in .csv and not be the list of images, not {labels.file!r}"
    return None


def _is_unit(name: str) -> bool:
    return unit_name(name) == name


def _fails(read: Callable[[], object]) -> str | None:
    try:
        read()
    except (re.error, ValueError, OverflowError) as error:
        return str(error)
    except RecursionError:
        return "it is nested too deeply"
    return None
