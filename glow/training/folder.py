"""The folder of a run: its settings, log, weights and checkpoint."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import torch

__all__ = ["RunFolder"]


class RunFolder:
    """What a run leaves behind, each file written whole or not at all.

    The checkpoint comes last at each measurement. What was written after it, by a run that was
    then killed, is written again by the run that goes on.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.checkpoint = path / "checkpoint.pt"
        self.weights = path / "model.safetensors"
        self.last_weights = path / "last.safetensors"
        self.samples = path / "samples.png"
        self.log = path / "log.csv"
        self.config = path / "config.toml"

    def write_config(self, text: str, step: int) -> Path | None:
        """Writes the settings; those of another kind that held until ``step`` get another name.

        Returns:
            The new name of the former settings, if they were others.
        """
        former = None
        if self.config.is_file() and self.config.read_text(encoding="utf-8") != text and step > 0:
            former = self.path / f"config-until-{step}.toml"
            os.replace(self.config, former)
        partial = self.config.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, self.config)
        return former

    def append_to_log(self, row: dict[str, float]) -> None:
        new = not self.log.exists()
        with self.log.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)

    def cut_log(self, step: int) -> None:
        """Drops the rows after ``step``: those steps are made and logged again."""
        if not self.log.is_file():
            return
        header, *rows = self.log.read_text(encoding="utf-8").splitlines()
        # A row that was cut short lacks fields, and its step cannot be trusted.
        whole = [row for row in rows if row.count(",") == header.count(",")]
        kept = [row for row in whole if int(row.split(",")[0]) <= step]
        self.log.write_text("\n".join([header, *kept, ""]), encoding="utf-8")

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        partial = self.checkpoint.with_suffix(".partial")
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self.checkpoint)

    def load_checkpoint(self, device: torch.device) -> dict[str, Any] | None:
        """The state of :meth:`save_checkpoint`; None if there is none.

        Raises:
            ValueError: the file is broken.
        """
        if not self.checkpoint.is_file():
            return None
        try:
            state: dict[str, Any] = torch.load(
                self.checkpoint, map_location=device, weights_only=True
            )
        except Exception as error:  # a damaged pickle can end in almost any error
            raise ValueError(
                f"the checkpoint {self.checkpoint} is broken; remove it to start again"
            ) from error
        return state
