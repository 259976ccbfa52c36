"""What users give as text or leave to the environment, as values."""

from __future__ import annotations

import os
from pathlib import Path

from bench.data.benchmark import card_of
from bench.errors import BenchError

__all__ = ["given_data", "parse_alphas", "parse_parameters"]


def parse_alphas(text: str) -> tuple[float, ...]:
    """Alphas from ``0,0.5,1`` or ``START:STOP:STEP`` (both ends included); empty if no text.

    Raises:
        BenchError: the text is neither.
    """
    if not text:
        return ()
    try:
        if ":" in text:
            start, stop, step = (float(part) for part in text.split(":"))
            count = round((stop - start) / step)
            alphas = [round(start + i * step, 6) for i in range(count + 1)]
        else:
            alphas = [round(float(part), 6) for part in text.split(",")]
        if not alphas or not all(abs(alpha) < 1e3 for alpha in alphas):
            raise ValueError
    except (ValueError, ZeroDivisionError) as error:
        raise BenchError(
            f"{text!r} is no grid of alphas", hint="such as 0,0.5,1 or 0:1:0.1"
        ) from error
    return tuple(sorted(set(alphas)))


def parse_parameters(texts: list[str] | None) -> dict[str, str]:
    """Parameters from ``NAME=VALUE`` texts.

    Raises:
        BenchError: a text has no ``=``.
    """
    parameters = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BenchError(f"--param {text!r} is not NAME=VALUE")
        parameters[name] = value
    return parameters


def given_data(data: Path | None, name: str) -> Path | None:
    """The data folder that was named, else of ``$BENCH_DATA``; None if there is neither.

    The variable is for copies: a dataset whose images come with the package does not look at it.

    Args:
        data: the folder that was named.
        name: of a benchmark or a dataset.

    A name without a card has no copy to look for; what is wrong with it, the command says.
    """
    variable = os.environ.get("BENCH_DATA")
    if data is not None or not variable:
        return data
    try:
        ships_images = card_of(name).ships_images
    except BenchError:
        return None
    return None if ships_images else Path(variable)
