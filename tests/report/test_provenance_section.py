"""Where the numbers come from: what the runs recorded, and whom to cite."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from bench.data.card import load_card
from bench.report.contents import ReportInput
from bench.report.page.html import render_html
from bench.report.sections.provenance import Provenance, collect
from glow.pretrained import find_model

HOSTILE = [
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    "}, title={stolen",
    r"\input{/etc/passwd}",
    "```\n# heading",
    "طريقة نقل التعبير",
    "x" * 200,
    "line\nbreak \x1b[31m \u202egnp.exe",
]


def info_of(name: str, citation: str, origin: str, **changes: Any) -> dict[str, Any]:
    """A run's record with the shape of the real one."""
    return {
        "method": {"name": name, "citation": citation, "origin": origin},
        "identity": {
            "hash": "1a2b3c4d",
            "parts": {
                "dataset": "london",
                "manifest_sha256": "a" * 64,
                "split": "v1",
                "split_sha256": "b" * 64,
                "resolution": 64,
            },
        },
        "instruments": {
            "embedder": {
                "name": "mobilefacenet",
                "version": "1",
                "licence": "Apache-2.0",
                "source": "https://example.org/weights (file.onnx)",
                "weights_name": "MobileFaceNet.onnx",
                "weights_sha256": "c" * 64,
            },
            "au_estimator": {"name": "theirs", "licence": "MIT", "source": "a file of the user"},
            "niqe": {"version": "2", "patch": 32},
        },
        "packages": {"expression-transfer-bench": "0.1.0", "torch": "2.9.0"},
        "hardware": {"processor": "CPU", "cores": 2, "device": "cpu"},
        "git": {"commit": "0123456789abcdef", "dirty": True},
        "created": "2026-01-02T03:04:05+00:00",
        **changes,
    }


def with_infos(report: ReportInput, infos: list[dict[str, Any]]) -> ReportInput:
    methods = [
        dataclasses.replace(method, info=info)
        for method, info in zip(report.methods, infos, strict=False)
    ]
    return dataclasses.replace(report, methods=methods)


def found_in(report: ReportInput) -> Provenance:
    found = collect(report)
    assert found is not None
    return found


@pytest.fixture
def recorded(report: ReportInput) -> ReportInput:
    """Two methods of the package and one of somebody else, on a dataset with a card."""
    ours = "expression-transfer-bench 0.1.0"
    model = find_model("london-64").read_bytes()
    glow_used = {"glow_sha256": "d" * 64, "weights_sha256": hashlib.sha256(model).hexdigest()}
    with_glow = info_of("glow-arith", "Valenzuela et al., CVPRW 2021", ours)
    with_glow["identity"]["parts"]["fingerprint"] = glow_used
    infos = [
        with_glow,
        info_of("region-paste", "Poisson Image Editing, SIGGRAPH 2003", ours),
        info_of("mine", "Somebody, building on Poisson Image Editing, 2024", "mine 1.0"),
    ]
    card = load_card("london")
    dataset = {
        "name": "london",
        "citation": card.citation,
        "licence": card.licence,
        "doi": card.doi,
        "may_show_images": True,
    }
    return dataclasses.replace(with_infos(report, infos), card=dataset)


def test_all_that_the_numbers_rest_on_is_cited_once(recorded: ReportInput) -> None:
    works = {work.key: work for work in found_in(recorded).works}
    assert list(works) == [
        "expression-transfer-bench",
        "valenzuela-2021-expression",
        "london-2017",
        "ontario-2017",
        "chen-2018-mobilefacenets",
        "mobilefacenet-weights",
        "theirs-weights",
        "mittal-2013-making",
        "kingma-2018-glow",
        "perez-2003-poisson",
        "mine",
    ]
    assert works["london-2017"].cites == (
        "dataset london; photographs that Glow london-64 learnt from"
    )
    paper = works["valenzuela-2021-expression"]
    assert paper.cites == "the reference method and its evaluation; method glow-arith"
    # What somebody else cites is theirs to say: it is given whole, and not taken for another work.
    assert dict(works["mine"].fields)["note"].startswith("Somebody, building on Poisson")
    assert works["perez-2003-poisson"].cites == "method region-paste"


def test_the_dataset_is_cited_as_its_card_has_it(recorded: ReportInput) -> None:
    found = found_in(recorded)
    data = next(work for work in found.works if work.key == "london-2017")
    assert data.authors == ("Lisa DeBruine", "Benedict Jones")
    assert dict(data.fields)["doi"] == "10.6084/m9.figshare.5047666.v5"
    assert dict(data.fields)["note"] == "Licence: CC-BY-4.0"
    assert (
        found.data_citation == "Lisa DeBruine, Benedict Jones. Face Research Lab London Set. 2017."
    )
    assert found.data_link == "https://doi.org/10.6084/m9.figshare.5047666.v5"


def test_a_card_of_the_same_name_that_says_something_else_is_not_believed(
    recorded: ReportInput,
) -> None:
    other = dataclasses.replace(
        recorded, card={"name": "london", "citation": "My own photographs.", "licence": "mine"}
    )
    data = next(work for work in found_in(other).works if work.cites == "dataset london")
    assert data.authors == ()
    assert dict(data.fields)["note"] == "My own photographs. Licence: mine"
    assert found_in(other).data_link == ""


def test_json_and_markdown_say_the_same(recorded: ReportInput) -> None:
    found = found_in(recorded)
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["dataset"]["split_sha256"] == "b" * 64
    assert values["dataset"]["resolution"] == 64
    assert values["bibtex"] == found.bibtex
    assert [one["key"] for one in values["citations"]] == [work.key for work in found.works]
    assert values["shared"]["hardware / processor"] == "CPU"
    assert [run["label"] for run in values["runs"]] == ["glow-arith", "pixel-arith", "real-target"]
    text = found.to_markdown()
    assert "b" * 64 in text
    assert found.bibtex in text
    assert "commit 0123456789ab with changes" in text
    assert recorded.command in text


def test_the_page_has_the_bibtex_and_a_button_that_copies_it(recorded: ReportInput) -> None:
    page = render_html(recorded)
    assert '<code id="bibtex">@misc{expression-transfer-bench,' in page
    assert 'class="copy" hidden data-copy="bibtex"' in page


def test_runs_without_records_have_provenance_all_the_same(report: ReportInput) -> None:
    found = found_in(with_infos(report, [{}] * len(report.methods)))
    assert found.dataset["licence"] == "CC-BY-4.0"
    assert [work.key for work in found.works] == [
        "expression-transfer-bench",
        "valenzuela-2021-expression",
        "london-64-2017",
    ]
    assert "unknown" in found.to_markdown()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_records_stay_text(
    text: str, report: ReportInput, changed_report: Callable[..., ReportInput]
) -> None:
    card = {"version": text, "name": text, "licence": text, "source": text, "weights_name": text}
    info = info_of(
        text,
        text,
        text,
        instruments={"embedder": card, "au_estimator": card, "niqe": {}},
        git={"commit": text, "dirty": False},
        packages={text: text},
        hardware=text,
        created=text,
    )
    hostile = dataclasses.replace(
        with_infos(report, [info, info]),
        card={"name": text, "citation": text, "licence": text, "doi": text, "authors": [text]},
        command=text,
    )
    found = found_in(hostile)
    # tests/report/test_bibtex.py parses such entries; here none is cut in two and none is lost.
    assert found.bibtex.count("\n\n@") + 1 == len(found.works)
    for work in found.bibtex.split("\n\n"):
        assert work.count("{") == work.count("}")
        assert "title " in work
    markdown = found.to_markdown()
    assert "<script>" not in markdown.replace(r"\<script\>", "").partition("```bibtex")[0].replace(
        "`<script>alert('x')</script>`", ""
    )
    # Two fences and no more: nothing ends the block of BibTeX but its end.
    assert [line for line in markdown.splitlines() if line.startswith("```")] == [
        "```bibtex",
        "```",
    ]
    assert "\x1b" not in markdown
    assert "\u202e" not in markdown
    json.dumps(found.to_dict(), allow_nan=False)
    page = render_html(hostile)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\x1b" not in page
