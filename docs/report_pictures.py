"""Makes the pictures of docs/report.md: ``python docs/report_pictures.py report.html``.

Needs the extra ``browser`` and Debian's Chromium. The report is that of ``bench leaderboard make``.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

OUT = Path(__file__).parent / "images"
SIZE = (1100, 1060)
SLIDER_HEIGHT = 700
COLOURS = 256


def main(report: Path) -> None:
    """Takes the top of the page, and its slider over alpha."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto(report.resolve().as_uri())
        _write("report.png", page.screenshot(), SIZE[1])
        _write("report_alpha.png", page.locator("#explorer-panel").screenshot(), SLIDER_HEIGHT)
        browser.close()


def _write(name: str, png: bytes, height: int) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(height, picture.height)))
    # Few colours suffice, and keep the repository small.
    few = picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(OUT / name, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
