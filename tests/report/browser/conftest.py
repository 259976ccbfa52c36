"""A real browser, and the reports that it opens: one of real runs and one of hostile names.

A browser test takes ``browser_page`` and one of the reports:

    def test_something(browser_page, real_html):
        page = browser_page(real_html, width=400, theme="dark")

When the test ends, every page it opened must have had no console error, no failed script and no
request, and nothing hostile may have run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench import api
from bench.report.collect import collect_report
from bench.report.contents import ReportInput
from bench.report.page.html import render_html

Names = Mapping[str, str]
"""A new name for each name."""

ROOT = Path(__file__).resolve().parents[3]

WIDTHS = (400, 1100, 2000)
"""Of a phone, a laptop and a large screen."""

HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 2">',
    "</script><!--<svg onload='window.hacked = 3'>",
    'O\'Brien & "Sons" `x` {{ 7 * 7 }} ${7 * 7}',
    "شخص مبتسم جدا",
    "\u202egnp.exe\u2066",
    "x" * 200,
    "two\nlines\tand \x1b[31mred\x07",
    "__proto__",
    "javascript:window.hacked=4",
)
"""Names that a folder of pictures or a plugin may have."""


# -- the browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; skips where one of them is absent."""
    reason = "needs Playwright: pip install -e '.[browser]'"
    driver = pytest.importorskip("playwright.sync_api", reason=reason)
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a report in a window of its own; call it with the page's HTML.

    Keyword arguments: ``width`` and ``height`` in pixels, ``theme`` (``light`` or ``dark``, what
    the system asks for), ``touch`` for a screen without a mouse. Returns Playwright's ``Page``.
    """
    opened: list[tuple[Any, list[str]]] = []

    def open_page(
        html: str,
        *,
        width: int = 1100,
        height: int = 900,
        theme: str = "light",
        touch: bool = False,
    ) -> Any:
        file = tmp_path / f"report-{len(opened)}.html"
        file.write_text(html, encoding="utf-8")
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            has_touch=touch,
            reduced_motion="reduce",
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        faults: list[str] = []
        page = context.new_page()
        page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("data:", file.as_uri()))
                else faults.append(f"request: {request.url}")
            ),
        )
        page.goto(file.as_uri())
        opened.append((page, faults))
        return page

    yield open_page
    found = []
    for page, faults in opened:
        found += faults
        if page.evaluate("window.hacked"):
            found.append("text of the report ran as a script")
        page.context.close()
    assert found == []


@pytest.fixture
def screenshot() -> Callable[[Any, str], Path]:
    """Keeps a picture of the whole page, or of a locator, as ``build/screenshots/<name>.png``."""

    def keep(shown: Any, name: str) -> Path:
        path = ROOT / "build" / "screenshots" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {"full_page": True} if hasattr(shown, "goto") else {}
        shown.screenshot(path=path, **whole)
        return path

    return keep


@pytest.fixture
def axe_faults() -> Callable[[Any], list[str]]:
    """What axe-core finds on a page that is serious or critical, one line for each element."""
    reason = "needs axe-core: pip install -e '.[browser]'"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)

    def find(page: Any) -> list[str]:
        violations = axe.Axe().run(page).response["violations"]
        return [
            f"{one['id']} ({one['impact']}): {node['target']} {node['html'][:200]}"
            for one in violations
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    return find


@pytest.fixture
def overflowing() -> Callable[[Any], list[str]]:
    """Elements that stick out of the page to the right and are not in a region that scrolls."""

    def find(page: Any) -> list[str]:
        return list(
            page.evaluate("""() => {
              const wide = document.documentElement.clientWidth;
              const found = [];
              const scrolls = (element) => {
                for (let e = element.parentElement; e && e !== document.body; e = e.parentElement) {
                  if (getComputedStyle(e).overflowX !== "visible") return true;
                }
                return false;
              };
              for (const element of document.body.querySelectorAll("*")) {
                const box = element.getBoundingClientRect();
                if (box.width && box.right > wide + 1 && !scrolls(element)) {
                  found.push(element.outerHTML.slice(0, 120));
                }
              }
              const page = document.documentElement.scrollWidth;
              if (page > wide) found.push(`the page is ${page} px wide, the window ${wide}`);
              return found;
            }""")
        )

    return find


# -- the reports ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def real_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of real runs: two methods and the anchors on eight pairs of synthfaces."""
    runs = tmp_path_factory.mktemp("real") / "runs"
    settings = api.Settings(out=runs, alphas=(0.0, 0.25, 0.5, 0.75, 1.0), limit=8)
    api.run(["pixel-arith", "glow-arith"], settings)
    return runs


@pytest.fixture(scope="session")
def hostile_runs(real_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same runs with names that try to be markup, and a method for each hostile name."""
    runs = tmp_path_factory.mktemp("hostile") / "runs"
    benchmark = next(real_runs.glob("synthfaces*")).name
    tables = [pq.read_table(path) for path in sorted(real_runs.glob("*/*/*/*.parquet"))]
    people = _renamed(tables, ("source", "target", "identity"))
    names = people, _renamed(tables, ("sample",), offset=3)
    for folder in sorted((real_runs / benchmark).glob("*/run.json")):
        source = folder.parent
        if source.name.startswith("pixel-arith"):
            for place, name in enumerate(HOSTILE):
                _make_hostile(source, runs / benchmark / f"hostile-{place:08x}", names, name, place)
        else:
            _make_hostile(source, runs / benchmark / source.name, names)
    return runs


@pytest.fixture(scope="session")
def real_report(real_runs: Path) -> ReportInput:
    return collect_report(real_runs, None)


@pytest.fixture(scope="session")
def hostile_report(hostile_runs: Path) -> ReportInput:
    return collect_report(hostile_runs, None)


@pytest.fixture(scope="session")
def real_html(real_report: ReportInput) -> str:
    """The page of real runs."""
    return render_html(real_report)


@pytest.fixture(scope="session")
def hostile_html(hostile_report: ReportInput) -> str:
    """The page of hostile names."""
    return render_html(hostile_report)


def _make_hostile(
    source: Path, run: Path, names: tuple[Names, Names], method: str = "", place: int = 0
) -> None:
    """Copies a run with hostile people, samples, outcomes, details, cards and method."""
    shutil.copytree(source, run)
    people, samples = names
    for path in sorted(run.glob("*/*.parquet")):
        table = pq.read_table(path)
        for column in ("source", "target", "identity"):
            table = _mapped(table, column, people)
        table = _mapped(table, "sample", samples)
        if path.parent.name == "scores" and method:
            table = _failing(table, place)
        path.unlink()
        # Names of files of earlier versions, which say nothing of their content.
        stem = path.name[:21] if path.parent.name == "scores" else path.name.partition("-")[0]
        pq.write_table(table, path.with_name(f"{stem}.parquet"))
    for folder in sorted(run.glob("images/*/*/")):
        old = [unquote(text) for text in folder.name.split(" ")]
        new = (people[old[0]], samples[old[1]], people[old[2]])
        name = " ".join(quote(text, safe="") for text in new)
        if len(name) < 255:
            folder.rename(folder.with_name(name))
        else:
            # Such a folder cannot be.
            shutil.rmtree(folder)
    info = json.loads((run / "run.json").read_text(encoding="utf-8"))
    if method:
        info["method"] |= {"name": method, "description": HOSTILE[0], "citation": HOSTILE[1]}
        info["identity"]["parts"] |= {
            "method": method,
            "parameters": {HOSTILE[3]: HOSTILE[1]} if place % 3 == 0 else {},
        }
        info["command"] = f"bench run '{method}'"
        info["notes"] = [f"A note of {method}"]
    info["dataset"] |= {"citation": HOSTILE[0], "licence": HOSTILE[1], "doi": HOSTILE[9]}
    info["packages"][HOSTILE[0]] = HOSTILE[2]
    for card in info["instruments"].values():
        card |= dict.fromkeys(("description", "licence", "source", "crop", "scale"), HOSTILE[0])
    (run / "run.json").write_text(json.dumps(info), encoding="utf-8")


def _renamed(tables: Sequence[pa.Table], columns: tuple[str, ...], offset: int = 0) -> Names:
    """A hostile name for every value of these columns; no two are the same."""
    found = {
        value
        for table in tables
        for column in columns
        if column in table.column_names
        for value in table[column].to_pylist()
    }
    renamed = {}
    for place, value in enumerate(sorted(found)):
        again, which = divmod(place + offset, len(HOSTILE))
        renamed[value] = HOSTILE[which] + (f" {again}" if again else "")
    return renamed


def _mapped(table: pa.Table, column: str, names: Names) -> pa.Table:
    if column not in table.column_names:
        return table
    values = pa.array([names[value] for value in table[column].to_pylist()], pa.string())
    return table.set_column(table.column_names.index(column), column, values)


def _failing(table: pa.Table, place: int) -> pa.Table:
    """Every seventh row of the test part has failed, with a hostile detail."""
    rows = table.to_pylist()
    kept = {"part", "source", "sample", "target", "kind", "alpha"}
    for number, row in enumerate(rows):
        if row["part"] == "test" and (number + place) % 7 == 0:
            row |= {name: None for name in row if name not in kept}
            row["outcome"] = ("method_error", "timeout", HOSTILE[1])[number % 3]
            row["detail"] = HOSTILE[(number + place) % len(HOSTILE)]
    return pa.Table.from_pylist(rows, schema=table.schema)
