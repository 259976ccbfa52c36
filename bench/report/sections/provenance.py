"""Where the numbers come from, and whom to cite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from bench.analysis.records import without_nan
from bench.data.card import DatasetCard, load_card
from bench.errors import BenchError
from bench.report import literature
from bench.report.bibtex import Entry, bibliography, key_of, unique
from bench.report.contents import ReportInput
from bench.report.markdown.text import markdown_code, markdown_table, markdown_text
from bench.report.method_weights import method_weights
from bench.report.provenance import Citation, Entries, citations, doi_link, shared_and_own
from bench.report.wording import printable

__all__ = ["Provenance", "RunRecord", "collect"]

PACKAGE: Final = "expression-transfer-bench"
OURS: Final = (PACKAGE, "released by its authors")
"""How the origin of a method begins whose citation this package wrote."""

_SHOWN: Final = 12
"""Digits of a hash that tell two apart."""

_OF_DATA: Final = {
    "manifest_sha256": "list of images, SHA-256",
    "split": "split",
    "split_sha256": "split, SHA-256",
    "resolution": "resolution, pixels",
    "source_aus": "Action Units of the sources",
    "labels_sha256": "labels, SHA-256",
}
"""Of ``identity.parts``, what says which images and pairs were used, and how it is called."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is recorded of one run and not of all.

    Attributes:
        label, run_id: as on the board.
        entries: paths and values, as text.
        made: when, by which code: the short form for Markdown.
    """

    label: str
    run_id: str
    entries: Entries
    made: tuple[str, str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """Where the numbers come from, and whom to cite.

    Attributes:
        command, created, package: of this report; the package with its version.
        dataset: ``name``, ``citation``, ``licence``, ``licence_url``, ``doi``, the hashes of the
            list of images and of the split, and the resolution; what is not known is missing.
        weights: weights and instruments with their licences.
        shared: records that all runs have in common.
        runs: in the order of the board.
        works: to be cited.
    """

    command: str
    created: str
    package: str
    dataset: Mapping[str, Any]
    weights: Sequence[Citation]
    shared: Entries
    runs: Sequence[RunRecord]
    works: tuple[Entry, ...]

    @property
    def bibtex(self) -> str:
        """The works as the text of a ``.bib`` file."""
        return bibliography(self.works)

    def to_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "command": self.command,
            "created": self.created,
            "package": self.package,
            "dataset": dict(self.dataset),
            "weights": [
                {"name": one.name, **{key.replace(" ", "_"): value for key, value in one.details}}
                for one in self.weights
            ],
            "shared": dict(self.shared),
            "runs": [
                {"label": run.label, "run_id": run.run_id, "entries": dict(run.entries)}
                for run in self.runs
            ],
            "citations": [work.to_dict() for work in self.works],
            "bibtex": self.bibtex,
        }
        clean: dict[str, Any] = without_nan(values)
        return clean

    def to_markdown(self) -> str:
        return "\n\n".join(self._markdown())

    def _markdown(self) -> Iterator[str]:
        yield f"Made by {markdown_code(self.command)} on {markdown_text(self.created)}."
        yield "### Data"
        yield markdown_text(self.data_sentence())
        if hashes := self.data_hashes():
            yield "\n".join(f"- {markdown_text(name)}: `{_code(value)}`" for name, value in hashes)
        if self.weights:
            yield "### Weights and instruments"
            yield "\n".join(
                f"- {markdown_text(one.name)}; {markdown_text(_details(one))}"
                for one in self.weights
            )
        yield "### Runs"
        yield markdown_table(
            ["method", "run", "made", "code", "hardware"],
            [
                [
                    markdown_text(run.label),
                    markdown_code(run.run_id),
                    *(markdown_text(text) for text in run.made),
                ]
                for run in self.runs
            ],
            texts=5,
        )
        yield "### To cite"
        yield f"```bibtex\n{self.bibtex}```"

    @property
    def data_citation(self) -> str:
        """What the data are, without the DOI: that stands beside it."""
        citation = str(self.dataset.get("citation", self.dataset["name"]))
        if "doi" in self.dataset:
            citation = citation.removesuffix(f"doi:{self.dataset['doi']}")
        return f"{citation.strip().rstrip('.')}."

    def data_sentence(self) -> str:
        """What the data are, with DOI and licence."""
        doi = f" doi:{self.dataset['doi']}." if "doi" in self.dataset else ""
        return f"{self.data_citation}{doi} Licence: {self.dataset.get('licence', 'not stated')}."

    def data_hashes(self) -> list[tuple[str, str]]:
        """What says which images and pairs were used."""
        return [
            (title, str(self.dataset[name]))
            for name, title in _OF_DATA.items()
            if name in self.dataset
        ]

    @property
    def data_link(self) -> str:
        """The address of the dataset's DOI, if it has a proper one."""
        return doi_link(self.dataset.get("doi"))


def collect(report: ReportInput) -> Provenance | None:
    """Reads what the runs recorded; a dataset's card that is installed says more of it."""
    infos = [method.info for method in report.methods]
    shared, own = shared_and_own(infos)
    card = _installed_card(report.card)
    return Provenance(
        command=printable(report.command),
        created=printable(report.created),
        package=f"{PACKAGE} {_version()}".rstrip(),
        dataset=_dataset(report, card),
        weights=[*citations(infos), *method_weights(infos)],
        shared=shared,
        runs=[
            RunRecord(
                printable(method.row.label), printable(method.row.run_id), entries, _made(info)
            )
            for method, info, entries in zip(report.methods, infos, own, strict=True)
        ],
        works=unique(_works(report, card, method_weights(infos))),
    )


def _installed_card(recorded: Mapping[str, Any]) -> DatasetCard | None:
    """The card of the dataset, if the one that is installed says what the runs recorded."""
    try:
        card = load_card(str(recorded.get("name") or ""))
    except BenchError:
        return None
    return card if card.citation == recorded.get("citation") else None


def _version() -> str:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return ""


def _dataset(report: ReportInput, card: DatasetCard | None) -> dict[str, Any]:
    recorded = report.card
    values: dict[str, Any] = {
        "name": recorded.get("name") or report.benchmark,
        "citation": recorded.get("citation") or _published(recorded, report.benchmark),
        "licence": recorded.get("licence"),
        "licence_url": card.licence_url if card else None,
        "doi": recorded.get("doi"),
    }
    parts = next((_parts(m.info) for m in report.methods if _parts(m.info)), {})
    values |= {name: parts.get(name) for name in _OF_DATA}
    return {
        name: value if isinstance(value, int) else printable(value)
        for name, value in values.items()
        if value not in (None, "")
    }


def _published(card: Mapping[str, Any], benchmark: str) -> str:
    """Authors, title and year of a card that has no citation of its own."""
    parts = [", ".join(_authors(card)), card.get("title") or benchmark, card.get("year")]
    return ". ".join(str(part) for part in parts if part) + "."


def _authors(card: Mapping[str, Any]) -> list[str]:
    authors = card.get("authors") or []
    return [authors] if isinstance(authors, str) else [str(name) for name in authors]


def _parts(info: Mapping[str, Any]) -> Mapping[str, Any]:
    return _record(_record(info.get("identity")).get("parts"))


def _record(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _made(info: Mapping[str, Any]) -> tuple[str, str, str]:
    """When a run was made, by which code, on what."""
    git, hardware = _record(info.get("git")), _record(info.get("hardware"))
    packages = _record(info.get("packages"))
    commit = git.get("commit")
    code = [f"{PACKAGE} {packages[PACKAGE]}"] if PACKAGE in packages else []
    if commit:
        code.append(f"commit {str(commit)[:_SHOWN]}{' with changes' if git.get('dirty') else ''}")
    machine = [hardware.get("processor"), hardware.get("device")]
    texts = (
        str(info.get("created") or "unknown")[:10],
        ", ".join(code) or "unknown",
        ", ".join(str(part) for part in machine if part) or "unknown",
    )
    return printable(texts[0]), printable(texts[1]), printable(texts[2])


def _details(citation: Citation) -> str:
    return "; ".join(f"{name} {value}" for name, value in citation.details)


def _code(value: str) -> str:
    return value.replace("`", "'")


def _works(
    report: ReportInput, card: DatasetCard | None, weights: Sequence[Citation]
) -> Iterator[Entry]:
    """All works that the report rests on: package, paper, data, instruments, methods."""
    yield _package(report)
    yield _citing(literature.REFERENCE_PAPER, "the reference method and its evaluation")
    yield _data(report, card)
    for model in weights:
        yield from _of_training(model.name)
    for method in report.methods:
        yield from _of_instruments(_record(method.info.get("instruments")))
    for method in report.methods:
        yield from _of_method(printable(method.row.label), method.info)


def _citing(entry: Entry, what: str) -> Entry:
    return replace(entry, cites=printable(what))


def _package(report: ReportInput) -> Entry:
    made_by = {
        str(found)
        for method in report.methods
        if (found := _record(method.info.get("packages")).get(PACKAGE))
    }
    versions = ", ".join(sorted(made_by or {_version()}))
    fields = (
        ("title", f"{PACKAGE}: An Evaluation Harness for Facial Expression Transfer"),
        ("howpublished", "Python package"),
        ("note", f"Version {versions}" if versions else ""),
        ("year", report.created[:4] if report.created[:4].isdigit() else ""),
    )
    authors = ("The expression-transfer-bench authors",)
    return Entry("misc", key_of(PACKAGE), authors, fields, "this package")


def _of_training(model: str) -> Iterator[Entry]:
    """The data of others that a model of this package learnt from."""
    what = f"photographs that {model} learnt from"
    for entry in literature.of_training(model):
        yield _citing(entry, what)


def _data(report: ReportInput, card: DatasetCard | None) -> Entry:
    recorded = report.card
    name = str(recorded.get("name") or report.benchmark)
    authors = list(card.authors) if card else _authors(recorded)
    title = card.title if card else recorded.get("title")
    year = card.year if card else recorded.get("year")
    licence = recorded.get("licence")
    notes = [] if title else [str(recorded.get("citation") or "")]
    notes += [f"Licence: {licence}"] if licence else []
    fields = (
        ("title", str(title or name)),
        ("doi", doi_link(recorded.get("doi")).removeprefix("https://doi.org/")),
        ("url", card.licence_url if card and not recorded.get("doi") else ""),
        ("note", ". ".join(filter(None, (note.rstrip(".") for note in notes)))),
        ("year", str(year or "")),
    )
    key = key_of(name, year or "")
    return Entry("misc", key, tuple(authors), fields, printable(f"dataset {name}"))


def _of_instruments(cards: Mapping[str, Any]) -> Iterator[Entry]:
    for role, words in (("embedder", "embedder"), ("au_estimator", "AU estimator")):
        card = _record(cards.get(role))
        name = str(card.get("name") or "")
        if not name:
            continue
        for entry in literature.of_instrument(name):
            yield _citing(entry, f"{words} {name}")
        if not str(card.get("source") or "").startswith("trained by this project"):
            yield _weights(card, f"weights of the {words} {name}")
    if "niqe" in cards:
        yield _citing(literature.NATURALNESS, "naturalness, NIQE")


def _weights(card: Mapping[str, Any], what: str) -> Entry:
    source = str(card.get("source") or "")
    address = source.split()[0].rstrip(";") if source else ""
    is_address = address.startswith("http")
    notes = [f"Licence: {card['licence']}"] if card.get("licence") else []
    if card.get("weights_sha256"):
        notes.append(f"SHA-256 {card['weights_sha256']}")
    fields = (
        ("title", str(card.get("weights_name") or card["name"])),
        ("howpublished", "" if is_address else source),
        ("url", address if is_address else ""),
        ("note", ". ".join(notes)),
        ("key", str(card["name"])),
    )
    return Entry("misc", key_of(card["name"], "weights"), (), fields, printable(what))


def _of_method(label: str, info: Mapping[str, Any]) -> Iterator[Entry]:
    recorded = _record(info.get("method"))
    uses_glow = "glow_sha256" in _record(_parts(info).get("fingerprint"))
    name, citation = str(recorded.get("name") or label), str(recorded.get("citation") or "")
    origin = str(recorded.get("origin") or "")
    if origin.startswith(OURS):
        for entry in literature.of_method(citation, uses_glow=uses_glow):
            yield _citing(entry, f"method {name}")
    elif citation.strip():
        fields = (("title", name), ("howpublished", origin), ("note", citation), ("key", name))
        yield Entry("misc", key_of(name), (), fields, printable(f"method {name}"))
