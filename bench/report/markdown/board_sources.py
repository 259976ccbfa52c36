"""Where the numbers of a board come from, as Markdown: commands, code, data and instruments."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from bench.data.benchmark import card_of
from bench.errors import BenchError
from bench.leaderboard.basis import Basis
from bench.leaderboard.entry import Entry
from bench.report.markdown.text import markdown_code, markdown_table, markdown_text

__all__ = ["basis_lines", "instruments_table", "make_command", "makers", "row_commands"]

# Of a hash, enough to tell two apart.
SHOWN_DIGITS = 12


def make_command(basis: Basis) -> str:
    """The command that makes the built-in rows of a board."""
    return markdown_code(
        shlex.join(["bench", "leaderboard", "make", basis.benchmark, *_data_option(basis)])
    )


def row_commands(entries: Sequence[Entry], basis: Basis) -> str:
    """A table of the command that makes each row, and the hashes to compare with."""
    cells = [
        [
            markdown_text(entry.label),
            f"`{entry.info['identity']['hash']}`",
            f"`{entry.info['scores_sha256'][:SHOWN_DIGITS]}`",
            _row_command(entry, basis),
        ]
        for entry in entries
    ]
    return markdown_table(["row", "identity", "scores.parquet", "command"], cells, texts=4)


def makers(entries: Sequence[Entry]) -> list[str]:
    """Who made which rows with which code and when; rows that share all that share a line."""
    rows: dict[str, list[str]] = {}
    for entry in entries:
        rows.setdefault(_maker(entry), []).append(markdown_text(entry.label))
    return [f"{', '.join(labels)}: {maker}" for maker, labels in rows.items()]


def basis_lines(basis: Basis) -> list[str]:
    """Dataset, split, pairs, grid and units of a board."""
    used, dataset = basis.measured_with, basis.dataset
    counts = basis.pairs["part"].value_counts()
    pairs = " and ".join(f"{counts[part]} of {part}" for part in sorted(counts.index))
    people = basis.of_part("test")
    lines = [
        f"dataset: {dataset['name']}. {dataset['citation'].rstrip('.')}. "
        f"Licence: {dataset['licence']}",
        f"images: list {used['manifest_sha256'][:SHOWN_DIGITS]}, at {used['resolution']} pixels",
        f"split: {used['split']}, {used['split_sha256'][:SHOWN_DIGITS]}; cross pairs: {pairs}; "
        f"{people['source'].nunique()} sources and {people['target'].nunique()} targets in test",
        f"alphas: {', '.join(f'{alpha:g}' for alpha in basis.alphas)}",
        f"Action Units: {', '.join(basis.action_units)}",
        f"formulas of the scores: version {basis.scores_version}",
    ]
    if labels := used.get("source_aus"):
        lines.append(f"Action Units of the sources: the dataset's {labels}")
    return [markdown_text(line) for line in lines]


def instruments_table(basis: Basis) -> str:
    """Names, versions and weights of the instruments."""
    roles = {"embedder": "embedder", "au_estimator": "AU estimator", "niqe": "naturalness"}
    cells = [
        [
            roles.get(role, markdown_text(role)),
            markdown_text(card.get("name", role)),
            markdown_text(card["version"]),
            f"`{card['weights_sha256']}`" if card.get("weights_sha256") else "none",
        ]
        for role, card in basis.measured_with["instruments"].items()
    ]
    return markdown_table(["instrument", "name", "version", "SHA-256 of its weights"], cells, 4)


def _maker(entry: Entry) -> str:
    info = entry.info
    commit = info["git"]["commit"]
    code = "installed" if commit is None else f"commit {commit[:SHOWN_DIGITS]}"
    if info["git"]["dirty"]:
        code += " with changes"
    facts = [
        f"{info['method']['origin']} ({code})",
        f"run on {info['created'][:10]}",
        f"Python {info['python']}",
        *(
            f"{name} {info['packages'][name]}"
            for name in ("torch", "numpy")
            if name in info["packages"]
        ),
    ]
    if reads := info["test_reads"]:
        commands = "one command" if reads["reads"] == 1 else f"{reads['reads']} commands"
        variants = "one variant" if reads["variants"] == 1 else f"{reads['variants']} variants"
        facts.append(f"test rows read by {commands} ({variants})")
    return markdown_text(", ".join(facts))


def _row_command(entry: Entry, basis: Basis) -> str:
    """The command that makes the run of a row; DIR stands for the reader's copy of the data."""
    origin = str(entry.info["method"]["origin"])
    words = ["bench", "run", origin if origin.endswith(".py") else entry.method]
    words += ["--benchmark", basis.benchmark, *_data_option(basis)]
    for name, value in sorted(entry.parameters.items()):
        words += ["--param", f"{name}={value}"]
    if seed := entry.info["identity"]["parts"]["seed"]:
        words += ["--seed", str(seed)]
    return markdown_code(shlex.join(words))


def _data_option(basis: Basis) -> list[str]:
    """For a dataset whose images everybody must bring."""
    try:
        ships_images = card_of(basis.benchmark).ships_images
    except BenchError:
        ships_images = False
    return [] if ships_images else ["--data", "DIR"]
