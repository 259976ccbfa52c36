"""``bench data draw``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError

__all__ = ["draw"]


def draw(
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for tables and pictures.", show_default=False),
    ],
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables",
            help="Draw the faces of this folder's tables again, not random ones.",
            show_default=False,
        ),
    ] = None,
    people: Annotated[int, typer.Option("--people", min=1, help="Number of people.")] = 40,
    images: Annotated[
        int, typer.Option("--images", min=1, help="Pictures of each, in the training design.")
    ] = 10,
    design: Annotated[
        str,
        typer.Option(
            "--design",
            help="training: any expression in any light; benchmark: 20 references and 12 "
            "named expressions of one sitting.",
        ),
    ] = "training",
    size: Annotated[int, typer.Option("--size", min=16, help="Side in pixels.")] = 64,
    seed: Annotated[int, typer.Option("--seed", help="Two seeds share no person.")] = 0,
) -> None:
    """Draw faces whose identity, Action Units and view are known.

    Writes identities.csv, faces.csv and images/IDENTITY/SAMPLE.png.

    Examples:

    `bench data draw --people 500 --images 20 --seed 7 --out fresh`

    `bench data draw --tables datasets/synthfaces --size 256 --out large`
    """
    from bench.data.synthfaces.designs import DESIGNS, make_faces
    from bench.data.synthfaces.folder import draw_images, read_faces, write_tables
    from bench.run.progress import progress_bar

    if design not in DESIGNS:
        raise BenchError(f"no design called {design!r}", hint=" or ".join(DESIGNS))
    faces = read_faces(tables) if tables else make_faces(design, people, images, seed)  # type: ignore[arg-type]
    write_tables(out, faces)
    with progress_bar("drawing", len(faces)) as advance:
        draw_images(out, faces, size, advance=advance)
    print(f"{out}: {len(faces)} pictures of {len({face.identity for face in faces})} people")
