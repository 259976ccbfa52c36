"""Makes the README's figures in docs/images/.

    bench run glow-arith
    python docs/figures.py

The faces are drawn from their tables; the strip over alpha shows what the run has stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.data.images import Pixels, read_image
from bench.data.synthfaces import ACTION_UNITS, Expression, FaceParameters, View, draw_face
from bench.data.synthfaces.folder import read_faces
from bench.paths import datasets_folder
from bench.report.collect import collect_report
from bench.report.pictures import ROLES, Pictures
from metrics.au.facs import ACTION_UNIT_NAMES

OUT = Path(__file__).parent / "images"
RUNS = Path("runs")
SHEET_PERSON = "s036"
STRIP_ALPHAS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)


def main() -> None:
    OUT.mkdir(exist_ok=True)
    draw_identities().save(OUT / "identities.png", optimize=True)
    draw_expressions().save(OUT / "action_units.png", optimize=True)
    draw_transfer().save(OUT / "glow_arith.png", optimize=True)


def draw_identities(size: int = 96) -> Image.Image:
    """All people of the benchmark, in their neutral pictures."""
    faces = [f for f in read_faces(datasets_folder() / "synthfaces") if f.sample == "neutral"]
    return tile([draw_face(face.parameters, size) for face in faces], columns=10)


def draw_expressions(size: int = 128) -> Image.Image:
    """Each Action Unit at its highest intensity on one person."""
    faces = read_faces(datasets_folder() / "synthfaces")
    person = next(f.parameters.identity for f in faces if f.identity == SHEET_PERSON)
    expressions = {"neutral": Expression.of()}
    for unit in ACTION_UNITS:
        expressions[f"{unit} {ACTION_UNIT_NAMES[unit]}"] = Expression.of(**{unit: 5.0})
    pictures = [draw_face(FaceParameters(person, e, View()), size) for e in expressions.values()]
    return tile(pictures, columns=7, labels=list(expressions))


def draw_transfer(size: int = 96) -> Image.Image:
    """One pair of glow-arith over alpha, from the stored run."""
    report = collect_report(RUNS, "synthfaces-64")
    run_id = next(m.row.run_id for m in report.methods if m.row.method == "glow-arith")
    pictures = Pictures.of(report)
    pair = min(pictures.pairs, key=lambda one: one.key)
    shown = {role.replace("-", ", "): pictures.real(pair, role) for role in ROLES}
    shown |= {f"alpha {alpha}": pictures.output(run_id, pair, alpha) for alpha in STRIP_ALPHAS}
    strip = []
    for path in shown.values():
        assert path is not None, f"a picture is missing: bench run glow-arith ({pair.key})"
        picture = Image.fromarray(read_image(path))
        strip.append(np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC)))
    return tile(strip, columns=len(strip), labels=list(shown))


def tile(pictures: Sequence[Pixels], columns: int, labels: Sequence[str] = ()) -> Image.Image:
    """Pictures in rows, with a line of text under each if there are labels."""
    size = pictures[0].shape[0]
    caption = 18 if labels else 0
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * size, rows * (size + caption)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)
    for index, picture in enumerate(pictures):
        x, y = index % columns * size, index // columns * (size + caption)
        sheet.paste(Image.fromarray(picture), (x, y))
        if labels:
            pen.text((x + size / 2, y + size + 4), labels[index], "black", font, anchor="ma")
    return sheet


if __name__ == "__main__":
    main()
