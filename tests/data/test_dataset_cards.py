"""Every card that comes with bench, on a made-up tree with the dataset's own file names."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.data.card import list_cards, load_card
from bench.data.layout.scan import Scan, read_images
from bench.data.layout.survey import survey
from bench.data.manifest import ManifestEntry
from bench.errors import BenchError

MakeImages = Callable[..., Path]
WriteFiles = Callable[[Path, dict[str, str]], None]

OF_OTHERS = [
    "celeba", "ck-plus", "disfa", "disfa-plus", "feafa-plus", "folder-per-person", "kdef", "lfw",
    "mead", "oulu-casia", "rafd",
]  # fmt: skip


def scan_of(name: str, data: Path, labels: Path | None = None) -> Scan:
    return read_images(survey(load_card(name), data, labels))


def by_path(scan: Scan) -> dict[str, ManifestEntry]:
    return {entry.path: entry for entry in scan.entries}


def faults(scan: Scan) -> dict[str, list[str]]:
    """Reason -> the files that are not used for it."""
    found: dict[str, list[str]] = {}
    for misfit in scan.misfits:
        found.setdefault(misfit.reason, []).append(misfit.path)
    return found


def roles(scan: Scan, identity: str) -> Counter[tuple[str, str]]:
    return Counter((e.role, e.expression) for e in scan.entries if e.identity == identity)


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_card_without_images_tells_whose_it_is_and_how_to_get_it(name: str) -> None:
    card = load_card(name)
    assert card.name == name in list_cards()
    assert card.layout is not None
    assert not card.ships_images
    assert not card.is_ready
    assert not card.may_show_images
    assert "http" in card.licence_url
    assert card.how_to_get
    assert card.alignment.startswith("none")
    assert len(card.citation) > 40


KDEF = [
    f"KDEF/{session}{who}/{session}{who}{expression}{angle}.JPG"
    for session, who, expression, angle in itertools.product(
        "AB", ("F01", "F02", "M01"), ("AF", "AN", "NE"), ("FL", "S")
    )
]


def test_kdef_is_read_by_position(make_images: MakeImages) -> None:
    strange = ["KDEF/AF31/AF31V.JPG", "KDEF/AM31/AM31H.JPG", "KDEF/AF01/._AF01ANS.JPG"]
    data = make_images([*KDEF, *strange, "KDEF/AF02/AF02XXS.JPG"])
    (data / "Thumbs.db").write_bytes(b"x")
    scan = scan_of("kdef", data)
    # AF01AFS: session A, the woman 01, afraid, straight.
    entry = by_path(scan)["KDEF/AF01/AF01AFS.JPG"]
    assert (entry.identity, entry.sample, entry.role, entry.expression) == (
        "F01", "A-afraid-S", "source", "afraid",
    )  # fmt: skip
    assert entry.groups == (("gender", "female"),)
    assert scan.identities == ("F01", "F02", "M01")
    # Both sessions are of one person, with a neutral face each.
    assert roles(scan, "F01") == {
        ("reference", "neutral"): 2, ("source", "afraid"): 2, ("source", "angry"): 2,
    }  # fmt: skip
    assert len(scan.survey.unused) == len(KDEF) / 2
    assert faults(scan) == {
        "the name does not fit the pattern": sorted(strange),
        "the card has no such code of expression": ["KDEF/AF02/AF02XXS.JPG"],
    }
    assert scan.survey.files.other == {".db": 1}


def test_kdef_may_lie_flat_and_in_another_format(make_images: MakeImages) -> None:
    flat = make_images(path.split("/")[-1].replace(".JPG", ".png") for path in KDEF)
    assert len(scan_of("kdef", flat).entries) == len(KDEF) / 2


def test_rafd_kid_is_an_age(make_images: MakeImages) -> None:
    people = {"01": ("Caucasian", "female"), "59": ("Moroccan", "male"), "64": ("Kid", "female")}
    names = [
        f"Rafd{camera}_{who}_{population}_{gender}_{expression}_{gaze}.jpg"
        for who, (population, gender) in people.items()
        for camera in ("045", "090")
        for expression in ("neutral", "happy", "contemptuous")
        for gaze in ("frontal", "left")
    ]
    data = make_images([*names, "Rafd090_64_Kid_female_bored_frontal.jpg", "rafd_cover.jpg"])
    scan = scan_of("rafd", data)
    groups = {entry.identity: dict(entry.groups) for entry in scan.entries}
    assert groups == {
        "01": {"gender": "female", "age": "adult", "ethnicity": "Caucasian"},
        "59": {"gender": "male", "age": "adult", "ethnicity": "Moroccan"},
        "64": {"gender": "female", "age": "child", "ethnicity": "not stated"},
    }
    # Frontal camera and gaze alone: one image of each expression.
    assert roles(scan, "64") == {
        ("reference", "neutral"): 1, ("source", "happy"): 1, ("source", "contemptuous"): 1,
    }  # fmt: skip
    assert [misfit.path for misfit in scan.misfits] == [
        "Rafd090_64_Kid_female_bored_frontal.jpg", "rafd_cover.jpg",
    ]  # fmt: skip


def test_rafd_people_who_change_their_group_are_named(make_images: MakeImages) -> None:
    data = make_images(
        ["Rafd090_01_Caucasian_female_angry_frontal.jpg", "Rafd090_01_Kid_female_sad_frontal.jpg"]
    )
    scan = scan_of("rafd", data)
    assert faults(scan) == {
        "age contradicts another file": ["Rafd090_01_Kid_female_sad_frontal.jpg"]
    }
    assert "Rafd090_01_Caucasian_female_angry_frontal.jpg" in scan.misfits[0].detail


@pytest.fixture
def ck_plus(make_images: MakeImages, write_files: WriteFiles) -> tuple[Path, Path]:
    """Images and, elsewhere, the labels: sequence 002 has no emotion, 003 lost its beginning."""
    images = "cohn-kanade-images/S005/{0}/S005_{0}_{1:08d}.png"
    frames = [
        images.format(sequence, frame)
        for sequence, first in (("001", 1), ("002", 1), ("003", 4))
        for frame in range(first, 12)
    ]
    data = make_images([*frames, "cohn-kanade-images/S005/001/S506_001_00000001.png"])
    labels = data.parent / "labels"
    peak = "S005/{0}/S005_{0}_00000011"
    write_files(
        labels,
        {
            f"Emotion_labels/{peak.format('001')}_emotion.txt": "   3.0000000e+00\n",
            f"Emotion_labels/{peak.format('003')}_emotion.txt": "   5.0000000e+00\n",
            f"FACS/{peak.format('001')}_facs.txt": (
                "   9.0000000e+00   5.0000000e+00\n"
                "   1.7000000e+01   0.0000000e+00\n"
                "   6.2000000e+01   1.0000000e+00\n"
            ),
            f"FACS/{peak.format('002')}_facs.txt": "   1.0000000e+00   2.0000000e+00\n",
        },
    )
    return data, labels


def test_ck_plus_first_frame_is_neutral_and_the_peak_has_the_emotion(
    ck_plus: tuple[Path, Path],
) -> None:
    scan = scan_of("ck-plus", *ck_plus)
    assert {(e.sample, e.role, e.expression) for e in scan.entries} == {
        ("001-00000001", "reference", "neutral"),
        ("002-00000001", "reference", "neutral"),
        ("001-00000011", "source", "disgust"),
        # A peak that lost its beginning is one; its fourth frame is not neutral.
        ("003-00000011", "source", "happy"),
    }
    assert scan.survey.files.side_files == {
        table.files: count
        for table, count in zip(load_card("ck-plus").layout.tables, (2, 2), strict=True)
    }
    # The peak without an emotion is counted among the unused, not lost.
    assert any(path.endswith("S005_002_00000011.png") for path in scan.survey.unused)
    assert len(scan.entries) + len(scan.survey.unused) + len(scan.misfits) == 11 + 11 + 8 + 1


def test_ck_plus_intensities_are_graded_or_unknown_and_the_rest_is_absent(
    ck_plus: tuple[Path, Path],
) -> None:
    labels = scan_of("ck-plus", *ck_plus).labels
    peak = labels["S005", "001-00000011"]
    assert peak["AU09"] == 5.0
    assert math.isnan(peak["AU17"])  # present, not graded
    assert peak["AU12"] == 0.0  # not listed
    assert "AU62" not in peak
    assert set(labels["S005", "001-00000001"].values()) == {0.0}
    # No FACS file: no label, rather than a guess.
    assert ("S005", "003-00000011") not in labels


def test_ck_plus_without_its_emotions_says_what_is_missing(ck_plus: tuple[Path, Path]) -> None:
    with pytest.raises(BenchError, match=r"no file in .*_emotion.* \(--labels DIR"):
        scan_of("ck-plus", ck_plus[0])


def disfa_labels(per_frame: list[dict[int, int]], first: int, template: str) -> dict[int, str]:
    """AU -> the lines of its file, for the twelve AUs of DISFA."""
    return {
        unit: "\n".join(
            template.format(frame, values.get(unit, 0))
            for frame, values in enumerate(per_frame, start=first)
        )
        for unit in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
    }


def test_disfa_frames_count_from_0_and_labels_from_1(
    make_images: MakeImages, write_files: WriteFiles
) -> None:
    frames = [{}, {12: 1}, {12: 2, 6: 2}, {12: 5, 6: 3}, {}, {25: 4}]
    data = make_images(f"img/SN001/{frame}.png" for frame in range(len(frames)))
    labels = disfa_labels(frames, 1, "{},{}")
    write_files(
        data, {f"ActionUnit_Labels/SN001/SN001_au{u}.txt": text for u, text in labels.items()}
    )
    scan = scan_of("disfa", data)
    assert {(e.sample, e.role, e.expression) for e in scan.entries} == {
        ("0", "reference", "neutral"),
        ("4", "reference", "neutral"),
        # Of the two frames with AU06 and AU12 the stronger.
        ("3", "source", "AU06+AU12"),
        ("5", "source", "AU25"),
    }
    assert scan.survey.unused == ("img/SN001/1.png",)
    assert scan.survey.surplus == ("img/SN001/2.png",)
    assert scan.labels["SN001", "3"] == {
        f"AU{unit:02d}": {12: 5.0, 6: 3.0}.get(unit, 0.0) for unit in labels
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("3,6", r"SN001_au12\.txt:3: the intensity '6' is not on the scale 0\.\.5"),
        ("3,-1", r"SN001_au12\.txt:3: .*'-1'"),
        ("3,weak", r"SN001_au12\.txt:3: .*'weak'"),
        ("3,nan", r"SN001_au12\.txt:3: .*'nan'"),
        ("3", r"SN001_au12\.txt:3: expected 2 columns, found 1"),
        ("three,2", r"SN001_au12\.txt:3: 'three' is no frame's number"),
        ("2,4", r"SN001_au12\.txt:3: AU12 is 4 here and 0 before"),
    ],
)
def test_a_malformed_label_is_named_with_its_line(
    make_images: MakeImages, write_files: WriteFiles, line: str, words: str
) -> None:
    data = make_images(f"img/SN001/{frame}.png" for frame in range(3))
    write_files(data, {"SN001/SN001_au12.txt": f"1,0\n2,0\n{line}\n"})
    with pytest.raises(BenchError, match=words):
        scan_of("disfa", data)


def test_disfa_plus_labels_name_the_image(make_images: MakeImages, write_files: WriteFiles) -> None:
    trial = "SN003/A1_AU1_TrailNo_1"
    frames = [{}, {1: 2, 2: 3}, {1: 1}]
    data = make_images(f"Images/{trial}/{frame:03d}.jpg" for frame in range(len(frames)))
    labels = disfa_labels(frames, 0, "{:03d}.jpg   {}")
    write_files(
        data,
        {f"Labels/{trial}/AU{unit}.txt": f"# {unit}\n\n{text}\n" for unit, text in labels.items()},
    )
    scan = scan_of("disfa-plus", data)
    assert {(e.identity, e.sample, e.role, e.expression) for e in scan.entries} == {
        ("SN003", "A1_AU1_TrailNo_1-000", "reference", "neutral"),
        ("SN003", "A1_AU1_TrailNo_1-001", "source", "AU01+AU02"),
    }
    text = (load_card("disfa-plus").folder / "card.toml").read_text()
    assert "also in DISFA" in text  # whoever trains must be told


def test_mead_has_levels_and_neutral_only_the_first(make_images: MakeImages) -> None:
    clip = "{0}/video/{1}/{2}/level_{3}/{4}/{5:04d}.png"
    frames = [
        clip.format("W009", camera, expression, level, number, frame)
        for camera in ("front", "left_30")
        for expression, level in (("neutral", 1), ("happy", 1), ("happy", 3), ("angry", 2))
        for number in ("001", "002")
        for frame in range(1, 6)
    ]
    scan = scan_of("mead", make_images([*frames, "W009/video/front/happy/level_2/001.png"]))
    happy = [(e.intensity, e.sample) for e in scan.entries if e.expression == "happy"]
    assert [intensity for intensity, _ in happy] == ["1", "3"]
    assert all(sample.endswith("-0003") for _, sample in happy)  # the middle of five
    assert roles(scan, "W009") == {
        ("reference", "neutral"): 2, ("source", "happy"): 2, ("source", "angry"): 1,
    }  # fmt: skip
    assert {entry.groups for entry in scan.entries} == {(("gender", "female"),)}
    assert len(scan.survey.surplus) == 3  # a second clip of each expression and level


@pytest.mark.parametrize("top", ["OriginalImg/", "PreProcess_Img/", "PreProcessImg/", ""])
def test_oulu_casia_under_any_of_its_names(make_images: MakeImages, top: str) -> None:
    frames = [
        f"{top}{camera}_Acropped/{light}/P001/{expression}/{frame:03d}.jpeg"
        for camera, light in (("VL", "Strong"), ("VL", "Dark"), ("NI", "Strong"))
        for expression in ("Anger", "Happiness")
        for frame in range(10)
    ]
    scan = scan_of("oulu-casia", make_images(frames))
    assert {(e.sample, e.role, e.expression) for e in scan.entries} == {
        ("VL-Strong-anger-000", "reference", "neutral"),
        ("VL-Strong-happiness-000", "reference", "neutral"),
        ("VL-Strong-anger-009", "source", "anger"),
        ("VL-Strong-happiness-009", "source", "happiness"),
    }


def test_oulu_casia_both_trees_at_once_are_doubles(make_images: MakeImages) -> None:
    name = "VL_Acropped/Strong/P001/Anger/{:03d}.jpeg"
    both = [f"{top}/{name.format(f)}" for top in ("OriginalImg", "PreProcess") for f in range(3)]
    scan = scan_of("oulu-casia", make_images(both))
    assert faults(scan) == {"another file has the same identity and name": sorted(both)[3:]}
    assert {path.split("/")[0] for path in by_path(scan)} == {"OriginalImg"}


def test_feafa_style_tables_give_people_and_labels_from_0_to_1(
    make_images: MakeImages, write_files: WriteFiles
) -> None:
    data = make_images([f"a/{frame}.jpg" for frame in range(4)] + ["b/0.jpg", "c/0.jpg"])
    units = ["AU01", "AU02", "AU04", "AU05", "AU12", "AU15", "AU20", "AU26", "AU45"]
    rows = [
        ("a/0.jpg", "anna", {}),
        ("a/1.jpg", "anna", {"AU12": 0.7, "AU26": 0.55}),
        ("a\\2.jpg", "anna", {"AU12": 0.3}),
        ("a/3.jpg", "anna", {"AU12": 0.9, "AU26": 0.8}),
        ("b/0", "bert", {"AU45": 0.05}),
    ]
    lines = [
        ",".join([file, who, *(str(values.get(unit, 0.0)) for unit in units)])
        for file, who, values in rows
    ]
    header = ",".join(["file", "identity", *units])
    write_files(data, {"labels.csv": "\n".join([header, *lines])})
    scan = scan_of("feafa-plus", data)
    assert {(e.identity, e.path, e.expression) for e in scan.entries} == {
        ("anna", "a/0.jpg", "neutral"),
        ("anna", "a/3.jpg", "AU12+AU26"),
        ("bert", "b/0.jpg", "neutral"),
    }
    assert faults(scan) == {"no side file tells whose face it is": ["c/0.jpg"]}
    assert scan.labels["anna", "a/3"]["AU12"] == 0.9
    write_files(data, {"labels.csv": f"{header}\na/0.jpg,anna{',5' * len(units)}\n"})
    with pytest.raises(BenchError, match=r"labels\.csv:2: .*'5' is not on the scale 0\.\.1"):
        scan_of("feafa-plus", data)


def test_lfw_has_identities_alone(make_images: MakeImages) -> None:
    data = make_images(
        [
            "lfw/Aaron_Peirsol/Aaron_Peirsol_0001.jpg",
            "lfw/Aaron_Peirsol/Aaron_Peirsol_0002.jpg",
            "lfw/Zico/Zico_0001.jpg",
            "lfw/Zico/Aaron_Peirsol_0003.jpg",
        ]
    )
    scan = scan_of("lfw", data)
    assert [(e.identity, e.sample, e.role) for e in scan.entries] == [
        ("Aaron_Peirsol", "0001", "reference"),
        ("Aaron_Peirsol", "0002", "reference"),
        ("Zico", "0001", "reference"),
    ]
    assert faults(scan) == {
        "the name does not fit the pattern": ["lfw/Zico/Aaron_Peirsol_0003.jpg"]
    }


@pytest.fixture
def celeba(make_images: MakeImages, write_files: WriteFiles) -> Path:
    data = make_images(f"img_align_celeba/{number:06d}.jpg" for number in range(1, 6))
    rows = [("000001", 7), ("000002", 7), ("000003", 7), ("000004", 31)]
    write_files(data, {"identity_CelebA.txt": "".join(f"{f}.jpg {who}\n" for f, who in rows)})
    return data


def test_celeba_identities_and_smiles_stand_in_lists(celeba: Path, write_files: WriteFiles) -> None:
    smiles = "5\nBald Smiling Young\n" + "".join(
        f"{number:06d}.jpg -1 {smile:2d}  1\n"
        for number, smile in enumerate((1, -1, -1, -1, 1), start=1)
    )
    write_files(celeba, {"list_attr_celeba.txt": smiles})
    scan = scan_of("celeba", celeba)
    assert [(e.identity, e.sample, e.role, e.expression) for e in scan.entries] == [
        ("7", "000001", "source", "smiling"),
        ("7", "000002", "reference", "not smiling"),
        ("7", "000003", "reference", "not smiling"),
        ("31", "000004", "reference", "not smiling"),
    ]
    assert faults(scan) == {"no side file tells whose face it is": ["img_align_celeba/000005.jpg"]}


def test_celeba_with_identities_alone_calibrates(celeba: Path) -> None:
    scan = scan_of("celeba", celeba)
    assert {(entry.role, entry.expression) for entry in scan.entries} == {("reference", "natural")}
    (celeba / "identity_CelebA.txt").unlink()
    with pytest.raises(BenchError, match=r"identity_CelebA.*\(--labels DIR"):
        scan_of("celeba", celeba)


def test_folder_per_person_takes_the_expression_from_the_file(make_images: MakeImages) -> None:
    data = make_images(
        [
            "ada/neutral.png",
            "ada/Happy.JPG",
            "ada/happy-2.jpeg",
            "ada/happy_03.webp",
            "bo b/Neutral.PNG",
            "bo b/wide open mouth 2.png",
            "cyd/reference-02.png",
            "cyd/sad.png",
            "ada/2024.png",
            "ada/day 1/sad.png",
            "stray.png",
        ]
    )
    (data / "ada" / "readme.txt").write_text("no image")
    scan = scan_of("folder-per-person", data)
    assert {(e.identity, e.sample, e.role, e.expression) for e in scan.entries} == {
        ("ada", "neutral", "reference", "neutral"),
        ("ada", "Happy", "source", "happy"),
        ("ada", "happy-2", "source", "happy"),
        ("ada", "happy_03", "source", "happy"),
        ("bo b", "Neutral", "reference", "neutral"),
        ("bo b", "wide open mouth 2", "source", "wide open mouth"),
        ("cyd", "reference-02", "reference", "reference"),
        ("cyd", "sad", "source", "sad"),
    }
    assert faults(scan) == {
        "the name does not fit the pattern": ["ada/2024.png", "ada/day 1/sad.png", "stray.png"]
    }
    values = json.loads(json.dumps(scan.to_dict()))
    assert values["image_files"] == 11
    assert values["listed"] == 8
    assert values["other_files"] == {".txt": 1}
