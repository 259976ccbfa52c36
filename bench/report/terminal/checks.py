"""What the checks of a plugin found, for the terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Column
from rich.text import Text

from bench.plugins.checks.contract import CONTRACT
from bench.plugins.checks.outcome import Check, Report
from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import printable, rate

__all__ = ["print_checks"]

STYLES: Final = {"passed": "green", "failed": "bold red", "skipped": "dim"}
DOCUMENTS: Final = {"method": "docs/add-a-method.md", "dataset": "docs/add-a-dataset.md"}


def print_checks(report: Report, console: Console) -> None:
    """Prints a row for each check, each failure with its line of the contract, and the sum."""
    where = f" on {printable(report.where)}" if report.where else ""
    table = titled_table(f"{report.kind} {printable(report.name)}{where}")
    table.add_column("check", no_wrap=True)
    table.add_column("result", no_wrap=True)
    table.add_column("line", no_wrap=True)
    table.add_column("")
    for check in report.checks:
        finding = check.finding
        status = Text(finding.status, style=STYLES[finding.status])
        remark = "" if finding.status == "failed" else printable(finding.found)
        table.add_row(check.name, status, check.line, Text(remark))
    console.print(table)
    for check in report.of_status("failed"):
        console.print()
        _print_failure(check, console)
    console.print()
    print_sentence(console, _sum(report))


def _print_failure(check: Check, console: Console) -> None:
    print_sentence(
        console, f"{check.name} failed ({check.line}: {CONTRACT[check.line]})", "bold red"
    )
    table = titled_table("", header=False)
    table.title = None
    table.columns = [Column(no_wrap=True), Column(overflow="fold")]
    for name in ("found", "expected", "hint"):
        if text := getattr(check.finding, name):
            table.add_row(f"  {name}", Text(printable(text)))
    console.print(table)


def _sum(report: Report) -> str:
    counts = [f"{len(report.of_status(s))} {s}" for s in ("passed", "failed", "skipped")]
    text = f"{', '.join(counts)}."
    if report.measured:
        text += f" {rate(report.measured.get('images_per_second'))} images/s in the first call"
        peak = report.measured.get("peak_mib")
        text += "." if peak is None else f"; at most {peak:.0f} MiB above the start."
    if not report.has_passed:
        document = DOCUMENTS.get(report.kind, "docs/add-an-instrument.md")
        text += f" The contract: {document}"
    return text
