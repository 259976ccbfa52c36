"""Does what OpenFace 2 does with a command line, with faces that are told by the colour.

Runs as FaceLandmarkImg or FeatureExtraction, by its own file name. The top left pixel of a picture
says what is found: red, how many faces; green, hundredths of confidence; blue, hundredths of the
intensity of every Action Unit. A file ``behaviour`` beside the program makes it fail.

Written after the sources of OpenFace 2.0 to 2.2 (ImageCapture, SequenceCapture, RecorderOpenFace,
RecorderCSV), from what they do, and held against released files by the tests.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

UNITS = [
    f"{unit:02d}" for unit in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
]
INTENSITIES = [unit for unit in UNITS if unit != "28"]
LANDMARK = [(40.0 + 2.5 * point, 60.0 + 1.5 * point) for point in range(68)]
PICTURES = {".jpg", ".jpeg", ".png", ".bmp"}
FLAGS = ("-gaze", "-pose", "-2Dfp", "-3Dfp", "-pdmparams", "-aus")


def numbered(names: Iterable[str], count: int) -> list[str]:
    return [f"{name}_{index}" for name in names for index in range(count)]


def columns(flags: Sequence[str], *, sequence: bool) -> list[str]:
    """Names of the columns in their order; all of them where no flag asks for some."""
    wanted = [flag for flag in FLAGS if flag in flags] or list(FLAGS)
    gaze = [f"gaze_{eye}_{axis}" for eye in "01" for axis in "xyz"]
    gaze += ["gaze_angle_x", "gaze_angle_y"]
    gaze += numbered((f"eye_lmk_{axis}" for axis in "xyXYZ"), 56)
    groups = {
        "-gaze": gaze,
        "-pose": [f"pose_{kind}{axis}" for kind in "TR" for axis in "xyz"],
        "-2Dfp": numbered("xy", 68),
        "-3Dfp": numbered("XYZ", 68),
        "-pdmparams": [f"p_{n}" for n in ("scale", "rx", "ry", "rz", "tx", "ty", *range(34))],
        "-aus": [f"AU{u}_r" for u in INTENSITIES] + [f"AU{u}_c" for u in UNITS],
    }
    first = ["frame", "face_id", "timestamp", "confidence", "success"]
    names = first if sequence else ["face", "confidence"]
    return names + [name for flag in wanted for name in groups[flag]]


def cell(name: str, intensity: float) -> str:
    """What a column holds for a face at :data:`LANDMARK`, moved by nothing."""
    kind, _, number = name.partition("_")
    if kind in ("x", "y"):
        return f"{LANDMARK[int(number)]['xy'.index(kind)]:.1f}"
    if kind.startswith("AU"):
        return f"{intensity:.2f}" if number == "r" else f"{float(intensity >= 1.0):.1f}"
    return "0.000"


def row(names: Sequence[str], start: Sequence[str], intensity: float) -> list[str]:
    return [*start, *(cell(name, intensity) for name in names[len(start) :])]


def table(names: Sequence[str], rows: Iterable[Sequence[str]], separator: str = ",") -> str:
    return "".join(separator.join(line) + "\n" for line in (names, *rows))


def seen(picture: Path) -> tuple[int, float, float]:
    faces, confidence, intensity = Image.open(picture).convert("RGB").getpixel((0, 0))
    return faces, min(confidence / 100.0, 1.0), intensity / 100.0


def pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in PICTURES)


def record(out: Path, name: str, content: str | None) -> None:
    """What RecorderOpenFace leaves: the details always, the table where there was a face."""
    details = f"Input:{name}\nCamera parameters:200,200,128,128\n"
    if content is not None:
        (out / f"{name}.csv").write_text(content)
        details += f"Output csv:{name}.csv\n"
    (out / f"{name}_of_details.txt").write_text(details)


def face_landmark_img(inputs: Sequence[Path], out: Path, flags: Sequence[str]) -> None:
    names = columns(flags, sequence=False)
    for picture in [path for given in inputs for path in pictures(given)]:
        faces, confidence, intensity = seen(picture)
        rows = [row(names, [f"{face}", f"{confidence:.3f}"], intensity) for face in range(faces)]
        record(out, picture.stem, table(names, rows) if rows else None)


def feature_extraction(inputs: Sequence[Path], out: Path, flags: Sequence[str]) -> None:
    names = columns(flags, sequence=True)
    for folder in inputs:
        rows = []
        for number, picture in enumerate(pictures(folder), 1):
            faces, confidence, intensity = seen(picture)
            if not faces:
                confidence, intensity = 0.0, 0.0
            # In its first frame a sequence counts as tracked, however little was found.
            success = int(faces > 0)
            start = [f"{number}", "0", "0.000", f"{confidence:.2f}", f"{success}"]
            rows.append(row(names, start, intensity))
        record(out, folder.name, table(names, rows))


def main(arguments: Sequence[str]) -> int:
    program = Path(arguments[0])
    log = program.parent / "calls.jsonl"
    with log.open("a") as file:
        file.write(json.dumps(arguments[1:]) + "\n")
    behaviour = program.parent / "behaviour"
    how = behaviour.read_text() if behaviour.is_file() else ""
    if how == "hang":
        time.sleep(60.0)
    if how == "fail":
        print("Loading the model")
        print("ERROR: Could not load the landmark detector", file=sys.stderr)
        return 1
    inputs = [Path(arguments[i + 1]) for i, name in enumerate(arguments) if name == "-fdir"]
    out = Path(arguments[arguments.index("-out_dir") + 1])
    out.mkdir(exist_ok=True)
    if "FeatureExtraction" in program.name:
        feature_extraction(inputs, out, arguments)
    elif how != "silent":
        # Of several folders it takes the first.
        face_landmark_img(inputs[:1], out, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
