from __future__ import annotations

import random

import pytest

from bench.data.benchmark import card_of, list_benchmarks, load_benchmark
from bench.errors import BenchError


@pytest.mark.parametrize(
    ("name", "resolution"),
    [("london", 64), ("london-64", 64), ("london-128", 128), ("london-256", 256)],
)
def test_a_name_gives_dataset_and_resolution(name, resolution):
    benchmark = load_benchmark(name)
    assert benchmark.name == f"london-{resolution}"
    assert benchmark.name in list_benchmarks()
    assert benchmark.resolution == resolution
    assert benchmark.split.version == "v1"


def test_a_benchmark_leads_to_its_dataset():
    assert card_of("london-256").name == card_of("london").name == "london"
    with pytest.raises(BenchError, match="did you mean 'london-64'"):
        card_of("londn-64")


def test_instruments_can_be_replaced():
    benchmark = load_benchmark("london", embedder="mine.onnx")
    assert benchmark.embedder == "mine.onnx"
    assert benchmark.au_estimator == load_benchmark("london").au_estimator


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lodnon", "no benchmark called 'lodnon'; did you mean 'london'"),
        ("lndon-128", "no benchmark called 'lndon-128'; did you mean 'london-128'"),
        ("zzz", r"no benchmark called 'zzz' \(known: .*london-64"),
        ("", "no benchmark called ''"),
        ("london-65", r"london is not offered at 65 pixels \(at: 64, 128, 256"),
    ],
)
def test_an_unknown_name_gets_help(name, words):
    with pytest.raises(BenchError, match=words):
        load_benchmark(name)


def test_the_grid_is_that_of_the_paper_refined_where_it_looks():
    grid = load_benchmark("london").alphas
    # To the last bit: the rows of stored runs have these alphas.
    refined = sorted({i / 10 for i in range(11)} | {i / 50 for i in range(15, 26)})
    assert grid == (*refined, 1.2, 1.4, 1.6, 1.8, 2.0)
    assert load_benchmark("london").with_alphas((0.0, 0.4)).alphas == (0.0, 0.4)


@pytest.mark.parametrize("part", ["dev", "test"])
def test_a_limited_run_is_contained_in_every_longer_one(part):
    benchmark = load_benchmark("london")
    everything = benchmark.pairs(part)
    assert sorted(everything, key=lambda p: p.key) == sorted(
        benchmark.split.part(part), key=lambda p: p.key
    )
    for limit in (0, 1, 10, 100, 10_000):
        assert benchmark.pairs(part, limit) == everything[:limit]
    # And a fair mixture: file order would show one source and its targets.
    assert len({pair.source for pair in everything[:20]}) > 10


def test_the_order_does_not_depend_on_the_file_s():
    benchmark = load_benchmark("london")
    shuffled = list(benchmark.split.pairs)
    random.Random(0).shuffle(shuffled)
    split = type(benchmark.split)("v1", "", tuple(shuffled))
    other = type(benchmark)(
        benchmark.name, benchmark.card, split, 64, benchmark.alphas, "embedder", "au"
    )
    assert other.pairs("test") == benchmark.pairs("test")
