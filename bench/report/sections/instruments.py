"""What measured the images, and how far it can be trusted."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.analysis.board_opinions import stored_opinions
from bench.analysis.instruments.panel import stored_panel
from bench.analysis.opinion_values import Opinion
from bench.analysis.records import without_nan
from bench.data.benchmark import card_of
from bench.data.card import DatasetCard
from bench.errors import BenchError
from bench.report import literature
from bench.report.bibtex import Entry
from bench.report.contents import ReportInput
from bench.report.markdown.text import markdown_code, markdown_table, markdown_text
from bench.report.sections.instrument_panel import Panel, Table, read_panel
from bench.report.terminal.opinion import opinion_markdown
from bench.report.wording import printable

__all__ = ["Instrument", "Instruments", "Missing", "collect"]

_ROLES: Final = (("embedder", "Embedder"), ("au_estimator", "AU estimator"))
_FACTS: Final = (
    ("description", "what it is"),
    ("version", "version"),
    ("scale", "scale"),
    ("input_size", "sees, pixels"),
    ("crop", "crop"),
    ("normalisation", "normalisation"),
    ("alignment", "alignment"),
    ("no_face", "no face"),
    ("several_faces", "several faces"),
    ("weights_name", "weights"),
    ("weights_sha256", "SHA-256 of the weights"),
    ("licence", "licence"),
    ("source", "source"),
)
_OTHERS: Final = {
    "embedder": ("mobilefacenet", "facenet-vggface2"),
    "au_estimator": ("mediapipe", "py-feat"),
}
"""Instruments for a second opinion: the first that is not the board's own."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """The card of an instrument, for reading.

    Attributes:
        role: what it is for.
        name: its name.
        card: as the runs recorded it.
        facts: of the card, for reading.
        works: to be cited for it.
    """

    role: str
    name: str
    card: Mapping[str, Any]
    facts: tuple[tuple[str, str], ...]
    works: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """What was not made.

    Attributes:
        what: a sentence.
        command: makes it; empty if nothing can.
    """

    what: str
    command: str


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """What measured the images, and how far it can be trusted.

    Attributes:
        instruments: embedder, AU estimator and NIQE model.
        panel: what ``bench check-instruments`` stored; None if there is none for these runs.
        opinions: of other instruments on the same outputs.
        missing: what was not made, and how.
    """

    instruments: tuple[Instrument, ...]
    panel: Panel | None
    opinions: tuple[Opinion, ...]
    missing: tuple[Missing, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "instruments": [
                {
                    "role": one.role,
                    **without_nan(dict(one.card)),
                    "name": one.name,
                    "citations": [work.to_dict() for work in one.works],
                }
                for one in self.instruments
            ],
            "panel": without_nan(dict(self.panel.values)) if self.panel else None,
            "second_opinions": [opinion.to_dict() for opinion in self.opinions],
            "missing": [{"what": one.what, "command": one.command} for one in self.missing],
        }

    def to_markdown(self) -> str:
        return "\n\n".join(self._markdown())

    def _markdown(self) -> Iterator[str]:
        for one in self.instruments:
            yield f"### {one.role}: {markdown_text(one.name)}"
            facts = [f"- {name}: {markdown_text(value)}" for name, value in one.facts]
            facts += [f"- to cite: {markdown_text(work.to_text())}" for work in one.works]
            yield "\n".join(facts)
        if self.panel:
            yield "### Noise floor"
            yield markdown_text(self.panel.floor_sentence())
            yield _table(self.panel.perturbations())
            yield markdown_text(self.panel.made_sentence())
            agreement = [self.panel.people(), self.panel.units()]
            if any(agreement):
                yield "### Agreement with what is known"
                yield from (_table(table) for table in agreement if table)
                if sentence := self.panel.limits_sentence():
                    yield markdown_text(sentence)
        for opinion in self.opinions:
            yield f"### Second opinion: {markdown_text(opinion.second)}"
            yield opinion_markdown(opinion.to_dict()).strip()
        if self.missing:
            yield "### Not made"
            yield "\n".join(
                f"- {markdown_text(one.what)}"
                + (f" {markdown_code(one.command)}" if one.command else "")
                for one in self.missing
            )


def _table(table: Table) -> str:
    # Numbers are our own, and read better with their brackets as they are.
    rows = [[*map(markdown_text, row[: table.texts]), *row[table.texts :]] for row in table.rows]
    return f"{markdown_text(table.caption)}\n\n{markdown_table(table.headings, rows, table.texts)}"


def collect(report: ReportInput) -> Instruments | None:
    """Reads what is stored beside the runs; nothing to say without records of the runs."""
    infos = [method.info for method in report.methods if method.info]
    cards = next((_record(info.get("instruments")) for info in infos), {})
    if not cards:
        return None
    missing: list[Missing] = []
    panel = _panel(report, infos, cards, missing)
    opinions = _opinions(report, cards, missing)
    return Instruments(tuple(_instruments(cards)), panel, tuple(opinions), tuple(missing))


def _record(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _instruments(cards: Mapping[str, Any]) -> Iterator[Instrument]:
    for key, role in _ROLES:
        if card := _record(cards.get(key)):
            name = str(card.get("name") or "unnamed")
            facts, works = tuple(_facts(card)), literature.of_instrument(name)
            yield Instrument(role, printable(name), card, facts, works)
    if niqe := _record(cards.get("niqe")):
        facts = (
            ("what it is", "natural image statistics, fitted on the dev part's real images"),
            ("version", printable(niqe.get("version", "unknown"))),
            ("scale", "0 and up, lower is more natural; Q is the real images' mean divided by it"),
            ("patch, pixels", printable(niqe.get("patch", "unknown"))),
            ("weights", "none: fitted anew for every benchmark"),
            ("licence", "Apache-2.0, part of this package"),
        )
        yield Instrument("Naturalness", "NIQE", niqe, facts, (literature.NATURALNESS,))


def _facts(card: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, title in _FACTS:
        if card.get(field) not in (None, ""):
            yield title, printable(card[field])
    if units := card.get("action_units"):
        names = units if isinstance(units, list) else [units]
        yield "Action Units", printable(", ".join(str(name) for name in names))


def _panel(
    report: ReportInput,
    infos: Sequence[Mapping[str, Any]],
    cards: Mapping[str, Any],
    missing: list[Missing],
) -> Panel | None:
    """The stored panel of these very data and instruments; else what would make one."""
    if report.folder is None:
        return None
    command = _command(report, cards, "check-instruments")
    made_with = [_record(_record(info.get("identity")).get("parts")) for info in infos]
    try:
        values = stored_panel(report.folder, report.benchmark, made_with)
    except BenchError as error:
        missing.append(Missing(f"{printable(error.message)}.", error.hint or command))
        return None
    if values is None:
        if command:
            missing.append(
                Missing(
                    "What the instruments themselves move, the noise floor, and how well they "
                    "agree with what is known was not measured with these data and instruments.",
                    command,
                )
            )
        return None
    try:
        panel = read_panel(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        missing.append(
            Missing(f"The stored check of the instruments is damaged: {error!r}.", command)
        )
        return None
    if not panel.units() and not panel.people():
        missing.append(
            Missing("How well the instruments agree with what is known was not stored.", command)
        )
    return panel


def _opinions(
    report: ReportInput, cards: Mapping[str, Any], missing: list[Missing]
) -> Sequence[Opinion]:
    runs = [method.run for method in report.methods if method.run is not None]
    if report.folder is None or not runs:
        return ()
    command = _command(report, cards, "second-opinion")
    opinions, notes = stored_opinions(report.folder, report.benchmark, runs, report.pairs)
    missing += [Missing(printable(note), command) for note in notes]
    if not opinions and not notes and command:
        missing.append(
            Missing(
                "No other instruments have measured the same outputs: a second opinion.", command
            )
        )
    return opinions


def _command(report: ReportInput, cards: Mapping[str, Any], name: str) -> str:
    """What to type; nothing for a benchmark whose images nobody has, such as an import."""
    try:
        card = card_of(report.benchmark)
    except BenchError:
        return ""
    is_opinion = name == "second-opinion"
    words = ["bench", name]
    words += ["--benchmark", report.benchmark] if is_opinion else [report.benchmark]
    if not card.ships_images:
        words += ["--data", "DIR" if report.data is None else str(report.data)]
    if report.folder is not None and str(report.folder) != "runs":
        words += ["--out", str(report.folder)]
    words += _others(cards) if is_opinion else _own(cards, card)
    return printable(shlex.join(words))


def _others(cards: Mapping[str, Any]) -> list[str]:
    words = []
    for option, key in (("--embedder", "embedder"), ("--au", "au_estimator")):
        used = _record(cards.get(key)).get("name")
        words += [option, next(name for name in _OTHERS[key] if name != used)]
    return words


def _own(cards: Mapping[str, Any], card: DatasetCard) -> list[str]:
    """The runs' own instruments, where they are not those of the dataset's card."""
    defaults = {"embedder": card.benchmark.embedder, "au_estimator": card.benchmark.au_estimator}
    words = []
    for option, key in (("--embedder", "embedder"), ("--au", "au_estimator")):
        used = str(_record(cards.get(key)).get("name") or defaults[key])
        words += [] if used == defaults[key] else [option, used]
    return words
