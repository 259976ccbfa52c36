"""The whole report as Markdown and as JSON."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable

import pytest

from bench.report.as_json import json_text, report_dict
from bench.report.contents import ReportInput
from bench.report.markdown.report import report_markdown
from bench.report.sections import TITLES, collect_sections
from bench.report.wording import conclusion

HOSTILE = "<script>alert('x')</script> | ``` `a` [b](c) \n# d \x1b[31m \u202egnp.exe"


def hostile(report: ReportInput) -> ReportInput:
    """Every text that comes from elsewhere says something else."""
    rows = [
        dataclasses.replace(row, method=f"{HOSTILE} {place}")
        for place, row in enumerate(report.board.rows)
    ]
    methods = [
        dataclasses.replace(method, row=row)
        for method, row in zip(report.methods, rows, strict=True)
    ]
    return dataclasses.replace(
        report,
        benchmark=HOSTILE,
        board=dataclasses.replace(
            report.board, benchmark=HOSTILE, rows=tuple(rows), notes=(HOSTILE,), average_ranks=None
        ),
        methods=methods,
        card={"title": HOSTILE, "licence": HOSTILE, "authors": [HOSTILE], "doi": HOSTILE},
        command=HOSTILE,
    )


def test_the_answer_comes_first_and_sections_follow_in_order(report: ReportInput) -> None:
    text = report_markdown(report)
    lines = text.splitlines()
    assert lines[0] == "# Expression transfer on london-64"
    assert lines[2] == f"**{conclusion(report.board)}**"
    headings = [line[3:] for line in lines if line.startswith("## ")]
    found = collect_sections(report)
    assert headings == [TITLES[name] for name in found if found[name].to_markdown().strip()]
    assert headings[0] == "Ranking"
    assert headings[-1] == "Provenance"


def test_it_has_no_pictures_no_html_and_ends_in_one_line_break(report: ReportInput) -> None:
    text = report_markdown(report)
    assert "![" not in text
    assert "<img" not in text
    assert "<svg" not in text
    assert "data:image" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_headings_below_the_sections_are_third_level(report: ReportInput) -> None:
    inside_code = False
    levels = []
    for line in report_markdown(report).splitlines():
        inside_code ^= line.startswith("```")
        if not inside_code and (found := re.match("(#+) ", line)):
            levels.append(len(found[1]))
    assert levels.count(1) == 1
    assert max(levels) <= 4


def test_hostile_text_is_neither_markup_nor_control(report: ReportInput) -> None:
    text = report_markdown(hostile(report))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\n# d" not in text
    # What is code shows itself: the block of BibTeX, and commands.
    outside = re.sub(r"(?<!\\)(`+) ?[^`].*?\1", "", re.sub("(?s)\n```bibtex\n.*?\n```\n", "", text))
    assert not re.search(r"(?<!\\)<script", outside)
    assert not re.search(r"(?<!\\)\[b\]\(c\)", outside)
    tables = [line for line in text.splitlines() if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in tables if "alert" in line}
    rules = {len(re.findall(r"(?<!\\)\|", line)) for line in tables if re.match(r"\| -+", line)}
    # A hostile name makes no cell more than its table has.
    assert widths <= rules


def test_json_is_the_board_and_what_the_sections_say(report: ReportInput) -> None:
    values = json.loads(json_text(report_dict(report)))
    sections = values.pop("sections")
    assert values == json.loads(json.dumps(report.board.to_dict()))
    assert list(sections) == list(collect_sections(report))
    assert sections["ranking"]["answer"] == conclusion(report.board)


def test_json_is_safe_to_print_and_says_the_same(report: ReportInput) -> None:
    values = report_dict(hostile(report))
    text = json_text(values)
    assert json.loads(text) == json.loads(json.dumps(values))
    assert "\x1b" not in text
    assert "\u202e" not in text
    text.encode()  # half of a surrogate pair could not be written


@pytest.mark.parametrize(
    "text",
    ["\x1b[2J", "\x9b2J", "\u202e", "\u2028", "\ud800", "\U000e0041", "a\u00adb", "\x7f", "\ufeff"],
)
def test_unseen_characters_are_escaped_in_json(text: str) -> None:
    written = json_text({"text": text, text: 1})
    assert json.loads(written) == {"text": text, text: 1}
    assert written.isprintable() or set(written) <= {"\n", *map(chr, range(32, 127))}


def test_other_scripts_stay_readable() -> None:
    assert "方法 طريقة é" in json_text({"text": "方法 طريقة é"})


def test_numbers_that_json_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text({"value": float("nan")})


def test_a_board_of_anchors_alone_has_a_report(
    report: ReportInput, changed_report: Callable[..., ReportInput]
) -> None:
    anchors = [method for method in report.methods if method.row.is_anchor]
    board = dataclasses.replace(
        report.board, rows=tuple(one.row for one in anchors), average_ranks=None
    )
    text = report_markdown(changed_report(board=board, methods=anchors))
    assert "only anchors were measured" in text
