from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup

from bench.analysis.board import Board, BoardRow, Estimate
from bench.report import sections
from bench.report.contents import ReportInput, ReportMethod
from bench.report.page import base, html
from bench.report.page.html import render_html
from bench.report.sections import TITLES

VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}
HOSTILE = [
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "طريقة نقل التعبير",
    "x" * 200,
    "line\nbreak \x1b[31m \u202egnp.exe",
]


class Page(HTMLParser):
    """Collects start tags, checks that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def hostile_report(
    make_report: Callable[..., ReportInput], make_row: Callable[..., BoardRow]
) -> ReportInput:
    plain = make_report()
    rows = [
        make_row(i + 1, (name, False, 0.5, 0.3, 0.4, 0.5, 0.6), failures={name: 1})
        for i, name in enumerate(HOSTILE)
    ]
    methods = [
        dataclasses.replace(plain.methods[0], row=row, info={name: {"name": name, "licence": name}})
        for row, name in zip(rows, HOSTILE, strict=True)
    ]
    board = dataclasses.replace(plain.board, rows=tuple(rows), notes=tuple(HOSTILE))
    card = {"title": HOSTILE[0], "doi": "javascript:alert(1)", "may_show_images": True}
    return dataclasses.replace(
        plain, board=board, methods=methods, card=card, benchmark=HOSTILE[0], command=HOSTILE[1]
    )


def test_page_is_well_formed_and_names_every_method_and_number(report: ReportInput) -> None:
    page = Page(render_html(report))
    for row in report.board.rows:
        assert row.method in page.text
        assert f"{row.transfer_score.value:.3f}" in page.text
        assert f"bench run {row.method} --benchmark london" in page.text
    for note in report.board.notes:
        assert note in page.text
    assert "(95% interval 0.37 to 0.45)" in page.text
    assert "chosen on dev" in page.text


def test_headings_tables_and_pictures_are_accessible(report: ReportInput) -> None:
    page = Page(render_html(report))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(b - a for a, b in pairwise(levels)) <= 1
    scopes = {"col", "row", "colgroup", "rowgroup"}
    assert {attributes.get("scope") for attributes in page.named("th")} <= scopes
    assert all(attributes.get("alt") for attributes in page.named("img"))
    assert all(
        attributes.get("aria-label")
        for attributes in page.named("svg")
        if attributes.get("role") == "img"
    )
    identifiers = [a["id"] for _, a in page.tags if "id" in a]
    assert len(identifiers) == len(set(identifiers))


def test_nothing_is_loaded_from_elsewhere(report: ReportInput) -> None:
    text = render_html(report)
    page = Page(text)
    for _, attributes in page.tags:
        assert (attributes.get("src") or "data:").startswith("data:")
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
    assert page.named("link") == []
    outside = [a for a in page.named("a") if not (a["href"] or "").startswith("#")]
    assert "https://doi.org/10.6084/m9.figshare.5047666.v5" in [a["href"] for a in outside]
    for attributes in outside:
        assert (attributes["href"] or "").startswith("https://")
        assert attributes["rel"] == "noreferrer"
    assert "@import" not in text
    assert "url(" not in text


def test_policy_allows_exactly_the_script_and_the_styles_of_the_page(report: ReportInput) -> None:
    text = render_html(report)
    policy = next(
        a["content"] or "" for a in Page(text).named("meta") if a.get("http-equiv") is not None
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    allowed = dict(re.findall(r"(script|style)-src ([^;]+)", policy))
    for tag, of_all in (("script", "<script>(.*?)</script>"), ("style", "<style.*?>(.*?)</style>")):
        found = re.findall(of_all, text, re.DOTALL)
        hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in found]
        assert allowed[tag].split() == [f"'sha256-{one}'" for one in hashes]


def test_hostile_text_stays_text(
    changed_report: Callable[..., ReportInput], changed_row: Callable[..., BoardRow]
) -> None:
    report = hostile_report(changed_report, changed_row)
    text = render_html(report)
    page = Page(text)
    assert len([a for a in page.named("script") if "type" not in a]) == 1
    for values in re.findall('<script type="application/json".*?>(.*?)</script>', text, re.DOTALL):
        json.loads(values)
    assert not [a for a in page.named("img") if a.get("src")]
    assert "javascript:" not in "".join(a["href"] or "" for a in page.named("a"))
    for name in (*HOSTILE[:5], "line break [31m gnp.exe"):
        assert name in page.text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_json_in_the_page_ends_no_element_and_can_be_written() -> None:
    values = {"</script>": ["<!--", "a & b", "\u2028", "\udc80", "😀", "شخص"]}
    text = str(html.json_for_html(values))
    assert not set("<>&\u2028") & set(text)
    text.encode()
    assert json.loads(text) == {"</script>": ["<!--", "a & b", "\u2028", "\ufffd", "😀", "شخص"]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        html.json_for_html([float("nan")])


def test_same_input_gives_same_bytes(changed_report: Callable[..., ReportInput]) -> None:
    assert render_html(changed_report()) == render_html(changed_report())


def with_pictures(monkeypatch: pytest.MonkeyPatch, count: int = 1) -> None:
    """Makes provenance a section of pictures of noise; their priority is their number."""

    def render(_: Any, page: base.Page) -> base.Rendered:
        noise = np.random.default_rng(0).integers(0, 255, (count, 64, 64, 3), dtype=np.uint8)
        names = [page.images.add(one, priority=place) for place, one in enumerate(noise)]
        tags = [page.images.tag(name, f"noise {place}") for place, name in enumerate(names)]
        return base.Rendered(Markup("").join(tags))

    monkeypatch.setitem(html._RENDER, "provenance", render)


def pictures_of(text: str) -> dict[str, str]:
    """Data URIs by name."""
    (found,) = re.findall('id="data-images">(.*?)</script>', text)
    return dict(json.loads(found))


def test_faces_are_shown_only_where_the_card_allows_it(
    report: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pictures(monkeypatch)
    shown = render_html(report)
    (image,) = [a for a in Page(shown).named("img") if a["alt"] == "noise 0"]
    assert pictures_of(shown)[image["data-image"] or ""].startswith("data:image/webp;base64,")
    for card in ({**report.card, "may_show_images": False}, {"licence": "CC-BY-4.0"}):
        text = render_html(dataclasses.replace(report, card=card))
        page = Page(text)
        assert [a for a in page.named("img") if a.get("data-image")] == []
        assert pictures_of(text) == {}
        assert "CC-BY-4.0 does not allow showing faces" in page.text


def test_the_whole_file_stays_within_its_bytes_and_the_least_important_picture_goes_first(
    report: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pictures(monkeypatch, 100)
    frame = len(render_html(dataclasses.replace(report, card={})).encode())
    monkeypatch.setattr(html, "MOST_BYTES", frame + 150_000)
    text = render_html(report)
    assert frame < len(text.encode()) <= frame + 150_000
    names = [a["data-image"] for a in Page(text).named("img") if a.get("data-image")]
    kept = pictures_of(text)
    assert 0 < len(kept) < len(names) == 100
    assert list(kept) == names[: len(kept)]


@pytest.mark.parametrize("absent", [*TITLES, "all"])
def test_a_page_without_a_section_is_whole(
    report: ReportInput, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    names = list(TITLES) if absent == "all" else [absent]
    for name in names:
        monkeypatch.setitem(sections._COLLECT, name, lambda _: None)
    failing = dataclasses.replace(
        report, board=dataclasses.replace(report.board, rows=_failing(report.board))
    )
    text = render_html(failing)
    page = Page(text)
    identifiers = {a["id"] for _, a in page.tags if "id" in a}
    links = {a["href"] or "" for a in page.named("a") if (a["href"] or "").startswith("#")}
    assert {link[1:] for link in links} <= identifiers
    assert not {f"#{name}" for name in names} & links
    for name in names:
        assert f'id="{name}"' not in text
    assert "has the highest transfer score" in page.text


def _failing(board: Board) -> tuple[BoardRow, ...]:
    return tuple(dataclasses.replace(row, failures={"no_face": 1}) for row in board.rows)


def test_styles_and_scripts_are_of_the_sections_that_are_there(
    report: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ".board" in render_html(report)
    monkeypatch.setitem(sections._COLLECT, "ranking", lambda _: None)
    assert ".board" not in render_html(report)


def test_failures_are_counted_by_outcome(
    report: ReportInput, changed_board: Callable[..., Board]
) -> None:
    board = changed_board(failures={"no_face": 17, "timeout": 5}, coverage=0.933)
    first = dataclasses.replace(report.methods[0], row=board.rows[0])
    methods = [first, *report.methods[1:]]
    page = Page(render_html(dataclasses.replace(report, board=board, methods=methods)))
    row = next(line for line in re.split("Rank without failures", page.text)[1].split("glow-")[1:])
    assert re.findall(r"\d+%?", row)[:8] == ["328", "17", "0", "0", "0", "5", "93%", "1"]


def test_charts_stay_finite_without_finite_data(report: ReportInput) -> None:
    nothing = Estimate(np.nan, np.nan, np.nan)
    first = report.methods[0]
    assert first.curve is not None
    assert first.search is not None
    curves = {
        "nan": first.curve.assign(
            au_mse=np.nan, id_dist_target=np.nan, expression_skill=np.nan, identity_retention=np.nan
        ),
        "constant": first.curve.assign(au_mse=0.01, expression_skill=0.1, identity_retention=0.5),
        "infinite": first.curve.assign(au_mse=np.inf, expression_skill=-np.inf),
        "huge": first.curve.assign(au_mse=1e300, expression_skill=-1e300),
        "single": first.curve.iloc[:1],
        "empty": first.curve.iloc[:0],
    }
    for name, curve in curves.items():
        oracle = first.search.oracle
        if name == "nan":
            oracle = oracle.assign(alpha_mse=np.nan)
        search = dataclasses.replace(first.search, curve=curve, oracle=oracle)
        row = dataclasses.replace(first.row, expression_skill=nothing, transfer_score=nothing)
        method = ReportMethod(row, curve, search)
        board = dataclasses.replace(report.board, rows=(row, *report.board.rows[1:]))
        text = render_html(dataclasses.replace(report, methods=[method], board=board))
        drawings = "".join(re.findall("<svg.*?</svg>", text, re.DOTALL))
        coordinates = re.findall(r' (?:d|x|y|cx|cy|x1|x2|y1|y2|width|height)="([^"]*)"', drawings)
        assert coordinates, name
        for value in coordinates:
            assert re.fullmatch(r"[-ML0-9. ]+", value), (name, value)


def test_board_of_anchors_alone_has_a_page(report: ReportInput) -> None:
    methods = [m for m in report.methods if m.row.is_anchor]
    board = dataclasses.replace(report.board, rows=tuple(m.row for m in methods))
    page = Page(render_html(dataclasses.replace(report, methods=methods, board=board)))
    assert "only anchors were measured" in page.text
    assert "Over alpha" not in page.text


def test_ranks_have_intervals_and_groups_and_anchors_have_none(report: ReportInput) -> None:
    page = render_html(report)
    cells = re.findall(r'<td class="rank( tie-\d)?" data-value="(\d*)">([^<]*)</td>', page)
    assert cells == [(" tie-1", "1", "1-2 a"), (" tie-1", "2", "1-2 a"), *[("", "", "–")] * 4]
    assert "None" not in Page(page).text


def test_groups_of_several_methods_have_a_bar_each(
    report: ReportInput, changed_row: Callable[..., BoardRow]
) -> None:
    """Groups 1 and 3 meet: a method that was measured poorly stands among those of another."""
    rows = tuple(
        changed_row(place, (f"m{place}", False, 0.5, 0.4, 0.4, 0.4, 0.4), tie_group=group)
        for place, group in enumerate((1, 3, 1, 2, 3), 1)
    )
    board = dataclasses.replace(report.board, rows=rows)
    text = render_html(dataclasses.replace(report, board=board, methods=[]))
    found = re.findall(r'<td class="rank( tie-\d)?"', text)
    assert found == [" tie-1", " tie-2", " tie-1", "", " tie-2"]


def test_anchors_stand_apart(report: ReportInput) -> None:
    table = re.search(r'<table class="board.*?</table>', render_html(report), re.DOTALL)
    assert table is not None
    bodies = re.findall(r"<tbody.*?</tbody>", table[0], re.DOTALL)
    names = [re.findall(r"<bdi>([^<]*)</bdi>", body) for body in bodies]
    assert names[0] == ["glow-arith", "pixel-arith"]
    assert names[1] == ["real-target", "copy-source", "target-neutral", "shuffled-source"]


def test_the_button_of_a_row_copies_the_command_of_that_row(report: ReportInput) -> None:
    text = render_html(report)
    commands = dict(re.findall(r'<code id="(command-\d+)">([^<]*)</code>', text))
    buttons = re.findall(
        r'data-copy="(command-\d+)" aria-label="Copy the command of ([^"]*)"', text
    )
    assert len(buttons) == len(report.board.rows)
    for identifier, name in buttons:
        assert commands[identifier] == f"bench run {name} --benchmark london"


def test_how_sure_the_order_is_stands_below_the_table(
    report: ReportInput, changed_report: Callable[..., ReportInput]
) -> None:
    text = Page(render_html(report)).text
    assert "How sure the order is" in text
    assert "Mean ranks are of 40 target people" in text
    assert re.search(r"yes, in >99%\s+0\.300\s+\[0\.260, 0\.340\]", text)
    anchors = tuple(row for row in report.board.rows if row.is_anchor)
    alone = dataclasses.replace(report.board, rows=anchors)
    assert "How sure" not in Page(render_html(changed_report(board=alone))).text


def test_a_coverage_that_is_not_whole_is_marked(
    report: ReportInput,
    changed_report: Callable[..., ReportInput],
    changed_board: Callable[..., Board],
) -> None:
    partly = changed_board(coverage=0.91, failures={"no_face": 30})
    text = Page(render_html(changed_report(board=partly))).text
    assert "91%!" in text
    assert "! marks a coverage that is not whole" in text
    assert "%!" not in Page(render_html(report)).text
