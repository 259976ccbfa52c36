"""Twenty methods and more are told apart, in both themes and by colour-blind readers too."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from bench.report.charts import svg
from bench.report.page.html import asset

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision
# deficiency", IEEE TVCG 15(6), 2009, severity 1, on linear RGB.
VISIONS = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# Björn Ottosson, "A perceptual color space for image processing", 2020.
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

TOLD_APART = 0.1
"""Distance in Oklab; white to black is 1, and 0.02 is just noticeable."""

SHEETS = {"light": "charts.css", "dark": "dark.css"}


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def palette(theme: str) -> dict[str, np.ndarray]:
    found = re.findall(r"--([\w-]+): (#\w{6});", asset(SHEETS[theme]))
    return {name: linear(colour) for name, colour in found}


def oklab(colour: np.ndarray) -> np.ndarray:
    return TO_OKLAB @ np.cbrt(TO_CONES @ np.clip(colour, 0, 1))


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """WCAG 2.2, from 1 to 21."""
    light = sorted(float(colour @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


@pytest.mark.parametrize("theme", SHEETS)
@pytest.mark.parametrize("vision", VISIONS)
def test_the_colours_of_series_are_told_apart(theme: str, vision: str) -> None:
    colours = palette(theme)
    shown = [
        oklab(VISIONS[vision] @ colours[f"series-{number}"]) for number in range(1, svg.COLOURS + 1)
    ]
    for (first, one), (second, other) in combinations(enumerate(shown, 1), 2):
        assert np.linalg.norm(one - other) >= TOLD_APART, (first, second)


def test_twenty_methods_and_more_differ_in_colour_or_dash() -> None:
    looks = {svg.series_class(index) for index in range(28)}
    assert len(looks) == 28


@pytest.mark.parametrize("theme", SHEETS)
def test_what_is_drawn_stands_out_from_the_page(theme: str) -> None:
    """WCAG 2.2: 3 for what is drawn (1.4.11), 4.5 for text (1.4.3)."""
    colours = palette(theme)
    drawn = [f"series-{number}" for number in range(1, svg.COLOURS + 1)]
    for name in (*drawn, "bar", "edge", "anchor", "focus"):
        assert contrast(colours[name], colours["page"]) >= 3, name
    for name in ("ink", "muted", "link"):
        for ground in ("page", "panel"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def test_both_themes_have_the_same_colours() -> None:
    assert palette("light").keys() == palette("dark").keys()
