"""``instruments.json``: what checks of the instruments found, beside the runs of a benchmark.

The format is documented in docs/results-format.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError
from bench.run.files import write_atomically

__all__ = ["PANEL_SCHEMA_VERSION", "panel_path", "read_panels", "write_panel"]

PANEL_SCHEMA_VERSION: Final = 1


def panel_path(runs: Path, benchmark: str) -> Path:
    """Where the panels of a benchmark are stored."""
    return runs / benchmark / "instruments.json"


def read_panels(runs: Path, benchmark: str) -> list[dict[str, Any]]:
    """The stored panels, one for each set of data and instruments; empty if there are none.

    Raises:
        BenchError: the file is damaged or of another schema version.
    """
    path = panel_path(runs, benchmark)
    remedy = f"remove it and make it anew: bench check-instruments {benchmark}"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        version, panels = values["schema_version"], values["panels"]
        if version == PANEL_SCHEMA_VERSION and not all(
            isinstance(panel["measured_with"], dict) for panel in panels
        ):
            raise TypeError("a panel does not say what it was measured with")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BenchError(f"{path} is damaged: {error!r}", hint=remedy) from error
    if version != PANEL_SCHEMA_VERSION:
        raise BenchError(
            f"{path} was written with schema version {version}, this is {PANEL_SCHEMA_VERSION}",
            hint=remedy,
        )
    return list(panels)


def write_panel(runs: Path, benchmark: str, panel: Mapping[str, Any]) -> Path:
    """Stores a panel; one that was measured with the same is replaced, others stay.

    Args:
        runs: the folder of runs.
        benchmark: its name.
        panel: JSON values, ``measured_with`` among them.

    Raises:
        BenchError: the file that is there is damaged, or cannot be written.
    """
    others = [
        stored
        for stored in read_panels(runs, benchmark)
        if stored["measured_with"] != panel["measured_with"]
    ]
    values = {"schema_version": PANEL_SCHEMA_VERSION, "panels": [*others, panel]}
    text = json.dumps(values, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    path = panel_path(runs, benchmark)
    write_atomically(path, text.encode())
    return path
