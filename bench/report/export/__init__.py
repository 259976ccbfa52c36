"""Every figure of a report as files for a paper: SVG and PNG, with fonts embedded."""

from bench.report.export.write import write_figures

__all__ = ["write_figures"]
