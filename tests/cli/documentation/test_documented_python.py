"""The Python of a page runs as it stands, block by block, on the faces that come with bench."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bench

ROOT = Path(__file__).resolve().parents[3]

FEW = "limit=3"
"""In the place of limits: what these tests have stored is used again."""

WRITTEN = {
    "README.md": ["trade-off.svg"],
    "docs/glow.md": [],
    "docs/python-api.md": ["trade-off.svg", "oracle.svg", "sheet.png", "report.html"],
}


def code_of(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(r"\blimit=\d+", FEW, block) for block in blocks]


@pytest.mark.slow
@pytest.mark.parametrize("page", WRITTEN)
def test_the_code_of_a_page_runs(page: str, here: Path, stored_runs: None) -> None:
    blocks = code_of(page)
    assert blocks
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(block, namespace)
    assert {*WRITTEN[page], "runs"} <= {path.name for path in here.iterdir()}


def test_the_page_names_every_function() -> None:
    text = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
    for name in bench.__all__:
        assert f"`{name}(" in text
