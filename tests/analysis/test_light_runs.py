"""Runs in little memory: the scores are those of the embeddings, and nothing is made twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench import api
from bench.analysis.light_runs import LightRun, References, kept, read_light
from bench.analysis.real_images import images_of_pairs, real_images
from bench.analysis.statistics.grids import count_rows
from bench.analysis.stored import make_board, search_stored, terms_of
from bench.data.split import stranger
from bench.errors import BenchError
from bench.run.store import RunFolder, list_runs

BENCHMARK = "synthfaces-64"


@pytest.fixture(scope="module")
def pristine(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Runs of two methods, one of which fails at times, and the anchors."""
    out = tmp_path_factory.mktemp("light") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        settings = api.Settings(out=out, alphas=(0.0, 0.5, 1.0), limit=8)
        api.run(["pixel-arith", "control-fails"], settings)
    return out


@pytest.fixture
def folders(pristine: Path, tmp_path: Path) -> list[RunFolder]:
    """Copies of those runs."""
    return list_runs(Path(shutil.copytree(pristine, tmp_path / "runs")), BENCHMARK)


def test_every_term_is_that_of_the_embeddings(folders: list[RunFolder]) -> None:
    references: References = {}
    for folder in folders:
        whole, light = folder.read(), read_light(folder, references)
        assert light.scores["embedding"].isna().all()
        assert light.timings == whole.timings
        for part in whole.scores["part"].unique():
            one, other = terms_of(whole, part), terms_of(light, part)
            pd.testing.assert_frame_equal(one, other, check_exact=True)
            assert one.attrs == other.attrs
    # Of one benchmark, they share its real images: those of both parts, and of anchors' one part.
    assert len(references) == 2


def test_the_board_is_the_same(folders: list[RunFolder]) -> None:
    boards = [
        make_board([read(folder) for folder in folders], BENCHMARK).to_dict()
        for read in (RunFolder.read, read_light)
    ]
    assert json.dumps(boards[0]) == json.dumps(boards[1])


def test_terms_and_searches_are_made_once(folders: list[RunFolder]) -> None:
    run = next(read_light(folder) for folder in folders if "pixel-arith" in folder.folder.name)
    assert terms_of(run, "dev") is terms_of(run, "dev")
    assert terms_of(run, "dev") is not terms_of(run, "test")
    pair = terms_of(run, "dev")["pair"].iloc[0]
    assert set(terms_of(run, "dev", [pair])["pair"]) == {pair}
    assert search_stored(run, alphas=[0.0, 1.0]) is search_stored(run, alphas=(0.0, 1.0))
    assert search_stored(run).pairs == search_stored(run, alphas=[0.0, 1.0]).pairs
    assert len(search_stored(run).curve) == 3
    assert len(search_stored(run, alphas=[0.0, 1.0]).curve) == 2


def test_an_ordinary_run_keeps_nothing(folders: list[RunFolder]) -> None:
    made: list[int] = []
    run = folders[0].read()
    assert not isinstance(run, LightRun)
    for _ in range(2):
        kept(run, "key", lambda: made.append(1))
    assert len(made) == 2


def test_a_damaged_file_is_named_with_what_to_do(folders: list[RunFolder]) -> None:
    path = next(folders[0].folder.glob("scores/*.parquet"))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BenchError, match=r"part-[\w-]+\.parquet is damaged.*bench run"):
        read_light(folders[0])


def test_embeddings_of_unequal_lengths_are_damage(folders: list[RunFolder]) -> None:
    path = next(folders[0].folder.glob("scores/*.parquet"))
    table = pq.read_table(path)
    lists = table["embedding"].to_pylist()
    lists[0] = lists[0][:-1]
    place = table.schema.get_field_index("embedding")
    changed = table.set_column(place, "embedding", pa.array(lists, pa.list_(pa.float32())))
    path.unlink()
    # The name of a file of earlier versions, which says nothing of its content.
    pq.write_table(changed, path.with_name(f"{path.name[:21]}.parquet"))
    with pytest.raises(BenchError, match="unequal lengths"):
        read_light(folders[0])


def test_a_part_without_any_image_has_no_distances(folders: list[RunFolder]) -> None:
    folder = next(folder for folder in folders if "pixel-arith" in folder.folder.name)
    for path in folder.folder.glob("scores/*.parquet"):
        table = pq.read_table(path)
        if set(table["part"].to_pylist()) != {"test"}:
            continue
        for name in table.column_names:
            place, kind = table.schema.get_field_index(name), table.schema.field(name).type
            if name == "outcome":
                failed = pa.array(["method_error"] * table.num_rows, kind)
                table = table.set_column(place, name, failed)
            elif not (pa.types.is_string(kind) or name == "alpha"):
                table = table.set_column(place, name, pa.nulls(table.num_rows, kind))
        path.unlink()
        pq.write_table(table, path.with_name(f"{path.name[:21]}.parquet"))
    light = read_light(folder)
    assert terms_of(light, "test")["id_dist_target"].isna().all()
    pd.testing.assert_frame_equal(
        terms_of(light, "test"), terms_of(folder.read(), "test"), check_exact=True
    )


def test_a_run_without_rows_says_so(folders: list[RunFolder]) -> None:
    shutil.rmtree(folders[0].folder / "scores")
    with pytest.raises(BenchError, match="has no results yet"):
        read_light(folders[0])


def test_an_output_without_embedding_is_still_a_contradiction(folders: list[RunFolder]) -> None:
    folder = next(folder for folder in folders if "pixel-arith" in folder.folder.name)
    path = next(folder.folder.glob("scores/*.parquet"))
    table = pq.read_table(path)
    lists = table["embedding"].to_pylist()
    lists[0] = None
    place = table.schema.get_field_index("embedding")
    changed = table.set_column(place, "embedding", pa.array(lists, pa.list_(pa.float32())))
    path.unlink()
    # The name of a file of earlier versions, which says nothing of its content.
    pq.write_table(changed, path.with_name(f"{path.name[:21]}.parquet"))
    for read in (RunFolder.read, read_light):
        run = read(folder)
        with pytest.raises(ValueError, match="no action units or no embedding"):
            terms_of(run, str(table["part"][0]))


def test_strangers_are_those_of_the_anchor(folders: list[RunFolder]) -> None:
    """The quick way for many pairs chooses what ``bench.data.split.stranger`` does for each."""
    from bench.data.split import Pair

    run = folders[0].read()
    table = run.references
    real = real_images(table, list(run.action_units))
    pairs = run.scores[["part", "source", "sample", "target"]].drop_duplicates()
    found = images_of_pairs(pairs, real).strangers
    expressive = real.table[~real.table["is_reference"].to_numpy(dtype=bool)]
    for place, key in zip(found, pairs.itertuples(index=False, name=None), strict=True):
        rows = expressive[expressive["part"] == key[0]]
        candidates = list(
            rows[["identity", "sample", "expression"]].itertuples(index=False, name=None)
        )
        row = real.table.iloc[place]
        assert (row["identity"], row["sample"]) == stranger(Pair(*key), candidates)


def test_rows_are_counted_by_pair_and_alpha() -> None:
    terms = pd.DataFrame(
        {
            "pair": ["b", "a", "b", "b", "c", "a"],
            "alpha": [1.0, 0.5, 1.0, 0.5, np.nan, np.nan],
        }
    )
    counts = count_rows(terms)
    assert counts.index.tolist() == ["a", "b"]
    assert counts.columns.tolist() == [0.5, 1.0]
    assert counts.to_numpy().tolist() == [[1, 0], [1, 2]]
    nothing = count_rows(terms.iloc[:0])
    assert nothing.shape == (0, 0)
