"""Which pictures a run keeps: chosen by the split alone, found again, and not too many."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from bench import api
from bench.data.benchmark import load_benchmark
from bench.data.images import Pixels, read_image
from bench.data.split import Pair
from bench.plugins.contracts import Face
from bench.run import gallery
from bench.run.gallery import (
    Keeper,
    choose_gallery,
    output_name,
    output_path,
    real_path,
    reconstruction_path,
    reference_path,
    thumbnail_path,
)
from bench.run.session import Session
from bench.run.store import RunFolder
from tests.fingerprints import fingerprints

LONG = ("x" * 200, "ش" * 200, "<script>" * 25)
ODD = ("..", ".", "a/b", "a b", "a%20b", "a", "b", "~", "CON", "two\nlines", *LONG)


def pair(source: str, sample: str, target: str, part: str = "test") -> Pair:
    return Pair(part, source, sample, target)


def many_pairs() -> list[Pair]:
    """Ten people, three samples each, all to everybody, with pairs of one person."""
    people = [f"p{number}" for number in range(10)]
    return [
        pair(source, sample, target)
        for source in people
        for sample in ("happy", "sad", "sly")
        for target in people
    ]


# -- the choice ----------------------------------------------------------------------------------


def test_the_gallery_does_not_depend_on_the_order_of_the_split() -> None:
    pairs = many_pairs()
    chosen = choose_gallery(pairs)
    assert choose_gallery(reversed(pairs)) == chosen
    assert choose_gallery(one for one in pairs if one.kind == "cross") == chosen


def test_the_gallery_begins_with_the_benchmark_s_first_cross_pairs() -> None:
    benchmark = load_benchmark("london")
    chosen = choose_gallery(benchmark.split.part("test"))
    cross = [one for one in benchmark.pairs("test") if one.kind == "cross"]
    assert list(chosen.pairs[:6]) == cross[:6]
    assert chosen.thumbnails == set(cross)


def test_further_pairs_share_the_first_pair_s_target_or_sample() -> None:
    chosen = choose_gallery(many_pairs())
    first = chosen.pairs[0]
    assert chosen.same_target[0] == chosen.same_sample[0] == first
    assert len(chosen.same_target) == len(chosen.same_sample) == 6
    assert {one.target for one in chosen.same_target} == {first.target}
    assert {(one.source, one.sample) for one in chosen.same_sample} == {
        (first.source, first.sample)
    }
    assert len({one.target for one in chosen.same_sample}) == 6
    # Every expression is seen before one is seen twice.
    assert {one.sample for one in chosen.same_target[:3]} == {"happy", "sad", "sly"}
    assert set(chosen.same_target) | set(chosen.same_sample) <= set(chosen.pairs)
    assert len(chosen.pairs) == len(set(chosen.pairs)) <= 16


def test_a_split_with_few_pairs_has_a_small_gallery() -> None:
    assert choose_gallery([]).pairs == ()
    assert choose_gallery([pair("a", "s", "a")]).pairs == ()
    alone = choose_gallery([pair("a", "s", "b"), pair("b", "s", "c")])
    assert len(alone.pairs) == 2
    assert alone.same_target == alone.same_sample == alone.pairs[:1]


# -- names ---------------------------------------------------------------------------------------


def test_no_two_alphas_have_one_name() -> None:
    assert output_name(None) == "output"
    assert output_name(0.4) == output_name(0.1 + 0.3) == "0.400"
    alphas = [0.312, 0.3125, 0.3121, 0.3124, -0.5, 0.0, 2.0]
    names = [output_name(alpha) for alpha in alphas]
    assert len(set(names)) == len(alphas)
    assert [float(name) for name in names] == pytest.approx(alphas, abs=1e-9)


def test_pictures_stay_in_the_run_folder_and_apart_whatever_names_are(tmp_path: Path) -> None:
    found = []
    for first in ODD:
        for second in ODD:
            one = pair(first, second, "t")
            found += [
                output_path(tmp_path, one, 0.5),
                thumbnail_path(tmp_path, one, 0.5),
                real_path(tmp_path, one, "source"),
                reference_path(tmp_path, first, second),
                reconstruction_path(tmp_path, first, second),
                output_path(tmp_path, pair("s", first, second), None),
            ]
    assert len(set(found)) == len(found)
    for path in found:
        inside = path.relative_to(tmp_path / "images")
        assert not set(inside.parts) & {"..", "."}
        assert max(len(name.encode()) for name in path.parts) <= 255


def test_pictures_of_very_long_names_can_be_written(tmp_path: Path) -> None:
    folder, pixels = RunFolder(tmp_path), np.zeros((16, 16, 3), np.uint8)
    paths = [
        output_path(tmp_path, pair(LONG[0], LONG[1], LONG[2]), 0.5),
        reference_path(tmp_path, LONG[0], LONG[1]),
        reconstruction_path(tmp_path, LONG[2], LONG[1]),
    ]
    for path in paths:
        folder.write_image(path, pixels)
        assert read_image(path).shape == (16, 16, 3)


def test_names_of_ordinary_length_are_as_they_always_were(tmp_path: Path) -> None:
    names = ("ü 1", "a/b", "x" * 180)
    place = output_path(tmp_path, pair(*names), 0.5).parent.name
    assert place == " ".join(quote(name, safe="") for name in names)
    assert output_path(tmp_path, pair(*names), 0.5).name == "0.500.png"


# -- what is kept --------------------------------------------------------------------------------


class Echo:
    """Reconstructs by inverting the picture; fails for one person."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def reconstruct(self, faces: Sequence[Face]) -> Pixels:
        self.seen += [face.key for face in faces]
        if any(face.identity == "p9" for face in faces):
            raise RuntimeError("not this one")
        return np.stack([255 - face.pixels for face in faces])


@pytest.fixture
def session(embedded: Path) -> Session:
    return Session(load_benchmark("synthfaces"), embedded)


@pytest.fixture
def image() -> Pixels:
    return np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)


def keeper_of(session: Session, folder: Path, method: object = None, **options: bool) -> Keeper:
    return Keeper(session, method, RunFolder(folder), **options)  # type: ignore[arg-type]


def other_pairs(keeper: Keeper) -> Iterator[Pair]:
    """Cross pairs of test outside the gallery."""
    return iter(sorted(keeper.gallery.thumbnails - set(keeper.gallery.pairs), key=lambda p: p.key))


def test_a_pair_of_the_gallery_keeps_outputs_real_images_and_references(
    session: Session, tmp_path: Path, image: Pixels
) -> None:
    keeper = keeper_of(session, tmp_path)
    shown = keeper.gallery.pairs[0]
    keeper.keep(shown, 0.3125, image, "ok")
    assert np.array_equal(read_image(output_path(tmp_path, shown, 0.3125)), image)
    source = session.face(session.dataset.sample(shown.source, shown.sample))
    assert np.array_equal(read_image(real_path(tmp_path, shown, "source")), source.pixels)
    neutral = session.neutral(shown.target).pixels
    assert np.array_equal(read_image(real_path(tmp_path, shown, "target-neutral")), neutral)
    for identity in (shown.source, shown.target):
        names = [one.name for one in session.dataset.references(identity)]
        stored = [n for n in names if reference_path(tmp_path, identity, n).exists()]
        # Spread over the whole set of twenty.
        assert len(stored) == 4
        assert [stored[0], stored[-1]] == [names[0], names[-1]]
    assert not list(tmp_path.rglob("*.webp"))


def test_other_pairs_keep_a_thumbnail_at_one_alpha_alone(
    session: Session, tmp_path: Path, image: Pixels
) -> None:
    keeper = keeper_of(session, tmp_path)
    other = next(other_pairs(keeper))
    keeper.keep(other, 0.5, image, "ok")
    assert not list(tmp_path.rglob("*.*"))  # nobody has said at which alpha
    keeper.thumbnails_at(0.5)
    large = np.kron(image, np.ones((4, 4, 1), np.uint8))
    keeper.keep(other, 0.0, large, "ok")
    keeper.keep(other, 0.5, large, "ok")
    keeper.keep(pair(other.source, other.sample, other.target, "dev"), 0.5, large, "ok")
    (stored,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert stored == thumbnail_path(tmp_path, other, 0.5)
    with Image.open(stored) as picture:
        assert (picture.format, picture.size) == ("WEBP", (96, 96))


def test_a_thumbnail_shows_what_the_output_shows(session: Session, tmp_path: Path) -> None:
    keeper = keeper_of(session, tmp_path)
    keeper.thumbnails_at(None)
    other = next(other_pairs(keeper))
    face = session.face(session.dataset.sample(other.source, other.sample)).pixels
    keeper.keep(other, None, face, "ok")
    stored = io.BytesIO(thumbnail_path(tmp_path, other, None).read_bytes())
    pixels = np.asarray(Image.open(stored).convert("RGB"), dtype=float)
    assert np.abs(pixels - face).mean() < 8


def test_failed_outputs_are_kept_up_to_a_number(
    session: Session, tmp_path: Path, image: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "MOST_FAILED", 6)
    keeper = keeper_of(session, tmp_path)
    keeper.thumbnails_at(0.5)
    others = list(other_pairs(keeper))
    for one in others[:5]:
        keeper.keep(one, 2.0, image, "no_face")
    # Half of the room is for the alpha of the board.
    assert len(list(tmp_path.rglob("2.000.png"))) == 3
    again = keeper_of(session, tmp_path)
    again.thumbnails_at(0.5)
    for one in others[:5]:
        again.keep(one, 2.0, image, "no_face")
        again.keep(one, 0.5, image, "several_faces")
    kept = [path for path in tmp_path.rglob("*.png") if path.parent.name != "references"]
    assert len(kept) == 6
    assert len(list(tmp_path.rglob("0.500.png"))) == 3
    # What found no room has a thumbnail at least.
    assert len(list(tmp_path.rglob("0.500.webp"))) == 2


def test_what_did_not_fail_or_is_of_dev_takes_no_room(
    session: Session, tmp_path: Path, image: Pixels
) -> None:
    keeper = keeper_of(session, tmp_path)
    one = next(other_pairs(keeper))
    for outcome in ("ok", "method_error", "timeout"):
        keeper.keep(one, 1.0, image, outcome)
    keeper.keep(session.benchmark.pairs("dev")[0], 1.0, image, "no_face")
    assert not list(tmp_path.rglob("*.png"))


def test_faces_of_the_gallery_are_reconstructed_once(
    session: Session, tmp_path: Path, image: Pixels
) -> None:
    echo = Echo()
    keeper = keeper_of(session, tmp_path, echo)
    for shown in keeper.gallery.pairs:
        keeper.reconstruct([shown, shown])
        keeper.keep(shown, 0.0, image, "ok")
        keeper.keep(shown, 1.0, image, "ok")
    keeper.reconstruct(keeper.gallery.pairs)
    stored = sorted((tmp_path / "images" / "reconstructions").glob("*.png"))
    # One that fails takes no other with it, and is tried alone once.
    assert {path.name.split(" ")[0] for path in stored} == {
        who for one in keeper.gallery.pairs for who in (one.source, one.target)
    } - {"p9"}
    first = keeper.gallery.pairs[0]
    path = reconstruction_path(tmp_path, first.source, first.sample)
    if first.source != "p9":
        source = session.face(session.dataset.sample(first.source, first.sample)).pixels
        assert np.array_equal(read_image(path), 255 - source)
    assert len(echo.seen) <= 2 * len(set(echo.seen))


def test_a_method_that_does_not_reconstruct_has_none(
    session: Session, tmp_path: Path, image: Pixels
) -> None:
    keeper = keeper_of(session, tmp_path, object())
    keeper.reconstruct(keeper.gallery.pairs)
    keeper.keep(keeper.gallery.pairs[0], 0.0, image, "ok")
    assert not (tmp_path / "images" / "reconstructions").exists()


# -- whole runs ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def out(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with a whole run of pixel-arith and the anchors."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        api.run(["pixel-arith"], api.Settings(out=folder))
    return folder


def pictures_of(out: Path, method: str) -> dict[str, str]:
    (run,) = out.glob(f"synthfaces-64/{method}-*")
    return fingerprints((p for p in run.rglob("*") if p.suffix in (".png", ".webp")), run)


def test_all_methods_of_a_benchmark_keep_the_same_pairs(out: Path, embedded: Path) -> None:
    chosen = choose_gallery(load_benchmark("synthfaces").split.part("test"))
    assert len(chosen.pairs) >= 6
    for method, names in (
        ("pixel-arith", ["0.000", "0.500", "1.000", "1.200"]),
        ("copy-source", ["output"]),
    ):
        kept = pictures_of(out, method)
        for shown in chosen.pairs:
            folder = output_path(Path(), shown, None).parent
            wanted = [*names, "source", "source-neutral", "target-neutral"]
            assert {name for name in kept if str(folder) in name} == {
                str(folder / f"{name}.png") for name in wanted
            }
        small = [name for name in kept if name.endswith(".webp")]
        # One for each pair outside, at the alpha that dev chose.
        assert len(small) == len(chosen.thumbnails) - len(chosen.pairs)
        assert {Path(name).stem for name in small} == {names[2] if len(names) > 1 else "output"}


def test_the_same_command_adds_missing_pictures_and_no_rows(
    out: Path, embedded: Path, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(out, tmp_path / "runs")
    (run,) = (tmp_path / "runs").glob("synthfaces-64/pixel-arith-*")
    before = pictures_of(out, "pixel-arith")
    shutil.rmtree(run / "images")
    tables = fingerprints(run.rglob("*.parquet"), run)
    api.run(["pixel-arith"], api.Settings(out=tmp_path / "runs"))
    assert pictures_of(tmp_path / "runs", "pixel-arith") == before
    assert fingerprints(run.rglob("*.parquet"), run) == tables


def test_nothing_is_drawn_again_that_is_there(
    out: Path, embedded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.run.execute import Runner

    monkeypatch.setattr(Runner, "draw", lambda *_: 1 / 0)
    api.run(["pixel-arith"], api.Settings(out=out))


def test_thumbnails_are_of_the_alpha_that_the_user_gives(embedded: Path, tmp_path: Path) -> None:
    api.run(["pixel-arith"], api.Settings(out=tmp_path, limit=9), alpha=1.2)
    kept = pictures_of(tmp_path, "pixel-arith")
    assert {Path(name).name for name in kept if name.endswith(".webp")} == {"1.200.webp"}
