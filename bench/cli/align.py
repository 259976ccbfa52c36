"""``bench data align`` and ``check-alignment``: pictures brought to a template by their eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

__all__ = ["align", "check_alignment"]

TemplateName = Annotated[
    str, typer.Option("--template", "-t", help="Where the face goes: glow, ffhq or arcface.")
]
Detector = Annotated[
    str | None,
    typer.Option(
        "--detector",
        help="Who finds faces: mtcnn (the default) or mediapipe[:FILE].",
        show_default=False,
    ),
]
Eyes = Annotated[
    str | None,
    typer.Option(
        "--eyes",
        help="What is the centre of an eye: mtcnn (the default, as in the London set) or lids "
        "(as in the Glow demo, dlib and OpenFace).",
        show_default=False,
    ),
]
Landmarks = Annotated[
    Path | None,
    typer.Option(
        "--landmarks",
        help="CSV with file, left_eye_x, left_eye_y, right_eye_x, right_eye_y instead of a "
        "detector; left is the left of the picture.",
        show_default=False,
    ),
]
OpenFace = Annotated[
    Path | None,
    typer.Option(
        "--openface",
        help="Folder of FaceLandmarkImg's CSV files instead of a detector.",
        show_default=False,
    ),
]


def align(
    src: Annotated[Path, typer.Argument(help="Folder of the pictures.", metavar="SRC")],
    dst: Annotated[Path, typer.Argument(help="Folder to write to.", metavar="DST")],
    template: TemplateName = "glow",
    size: Annotated[
        int | None,
        typer.Option(
            "--size",
            min=16,
            max=4096,
            help="Side of the aligned pictures. By default 256; 112 for arcface.",
            show_default=False,
        ),
    ] = None,
    detector: Detector = None,
    eyes: Eyes = None,
    landmarks: Landmarks = None,
    openface: OpenFace = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Make pictures again that are there.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Find faces and bring them to a template by rotation, scale and shift; writes PNG files.

    Keeps the folders of SRC, writes alignment.csv into DST, and ends with status 1 if a picture
    could not be aligned.

    Examples:

    `bench data align photos aligned`

    `bench data align photos aligned --detector mediapipe --size 512`

    `bench data align photos aligned --landmarks eyes.csv`
    """
    from bench.data.alignment.align import Alignment, align_folder, check_folders
    from bench.data.alignment.pictures import find_pictures
    from bench.data.alignment.record import ALIGNED, TABLE
    from bench.data.alignment.sources import find_template, open_source
    from bench.report.terminal.alignment import alignment_summary, print_aligned
    from bench.run.progress import progress_bar

    chosen = find_template(template)
    files = find_pictures(src)
    check_folders(src, dst)
    source = open_source(
        files, detector=detector, eyes=eyes, landmarks=landmarks, openface=openface
    )
    how = Alignment(chosen, size or chosen.side, source, overwrite)
    with progress_bar("aligning", len(files)) as advance:
        pictures = align_folder(src, files, dst, how, advance)
    if json:
        print_json(alignment_summary(pictures, str(dst)))
    else:
        print_aligned(pictures, str(dst / TABLE), stdout())
    if any(picture.outcome not in ALIGNED for picture in pictures):
        raise typer.Exit(1)


def check_alignment(
    folder: Annotated[Path, typer.Argument(help="Folder of aligned pictures.", metavar="DIR")],
    template: TemplateName = "glow",
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", min=0.0, help="Of the mean offset, in pixels of 256."),
    ] = 2.0,
    detector: Detector = None,
    eyes: Eyes = None,
    landmarks: Landmarks = None,
    openface: OpenFace = None,
    json: options.Json = False,
) -> None:
    """Measure how far the eyes of aligned pictures are from a template.

    Ends with status 1 if the folder is not aligned: if the mean offset is more than the tolerance,
    or that of any picture more than three times as much.

    Examples:

    `bench data check-alignment aligned`

    `bench data check-alignment aligned --template ffhq --json`

    `bench data check-alignment aligned --openface openface-csv`
    """
    from bench.data.alignment.check import check_alignment as measure
    from bench.data.alignment.pictures import find_pictures
    from bench.data.alignment.sources import find_template, open_source
    from bench.report.terminal.alignment import print_alignment_check
    from bench.run.progress import progress_bar

    chosen = find_template(template)
    files = find_pictures(folder)
    source = open_source(
        files, detector=detector, eyes=eyes, landmarks=landmarks, openface=openface
    )
    with progress_bar("looking", len(files)) as advance:
        check = measure(folder, files, chosen, source, tolerance, advance)
    if json:
        print_json(check.to_dict())
    else:
        print_alignment_check(check.to_dict(), stdout())
    if not check.aligned:
        raise typer.Exit(1)
