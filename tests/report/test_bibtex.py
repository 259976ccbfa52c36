"""BibTeX that any TeX reads: parsed back by a small parser of the format's own rules."""

from __future__ import annotations

import re
import unicodedata

import pytest

from bench.report import literature
from bench.report.bibtex import Entry, authors_field, bibliography, escape_tex, key_of, unique

HOSTILE = [
    "plain",
    "100% & more_of #1 for $5 ~ ^",
    r"\input{/etc/passwd}",
    r"\write18{rm -rf .}",
    "}, title = {stolen",
    "{{{",
    "}}}",
    "ends in a backslash\\",
    '"quoted", and more',
    "line\nbreak\r\n@article{other, title={x}}",
    "\x1b[31mred\x1b[0m \u202egnp.exe",
    "<script>alert('x')</script>",
    "طريقة نقل التعبير",
    "方法",
    "x" * 200,
    "",
]


def parsed(text: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Entries by key: kind and fields. Braces are counted as BibTeX counts them, escaped or not."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    at = 0
    while (start := text.find("@", at)) >= 0:
        assert not text[at:start].strip(), f"outside of entries: {text[at:start]!r}"
        head = re.compile(r"@(\w+)\{([^,\s{}]+),").match(text, start)
        assert head, text[start : start + 60]
        at, fields = head.end(), {}
        while text[at:].lstrip()[:1] != "}":
            name = re.compile(r"\s*(\w+)\s*=\s*\{").match(text, at)
            assert name, text[at : at + 60]
            depth, end = 1, name.end()
            while depth:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            assert name[1] not in fields
            fields[name[1]] = text[name.end() : end - 1]
            comma = re.compile(r"\s*,").match(text, end)
            assert comma
            at = comma.end()
        at = text.index("}", at) + 1
        assert head[2] not in found, "a key stands twice"
        found[head[2]] = (head[1], fields)
    assert not text[at:].strip()
    return found


def commands(text: str) -> set[str]:
    """The TeX commands in a text; accents and escaped characters are no words."""
    return set(re.findall(r"\\([A-Za-z]+)", text))


HARMLESS = {
    "textbackslash", "textbraceleft", "textbraceright", "textasciitilde", "textasciicircum",
    "textless", "textgreater", "textbar", "ldots", "ss", "ae", "AE", "oe", "OE", "o", "O", "aa",
    "AA", "l", "L", "i", "j", "u", "r", "H", "v", "c", "k",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_one_value_without_commands(text: str) -> None:
    entry = Entry("misc", "key", (text or "A",), (("title", text), ("note", text), ("year", "1")))
    kind, fields = parsed(entry.to_bibtex())["key"]
    assert kind == "misc"
    assert {*fields} <= {"author", "title", "note", "year"}
    for value in fields.values():
        assert commands(value) <= HARMLESS
        assert not [c for c in value if unicodedata.category(c) in ("Cc", "Cf")]
        # Nothing that means something to TeX stands alone.
        assert not re.search(r"(?<!\\)[%#&$_^~]", value)


def test_accented_letters_become_commands_and_other_scripts_stay() -> None:
    assert escape_tex("Gómez") == r"G{\'{o}}mez"
    assert escape_tex("Baltrušaitis, Muñoz, Çelik, Dvořák, Łoś, Straße, Sjöström") == (
        r"Baltru{\v{s}}aitis, Mu{\~{n}}oz, {\c{C}}elik, Dvo{\v{r}}{\'{a}}k, {\L}o{\'{s}}, "
        r"Stra{\ss}e, Sj{\"{o}}str{\"{o}}m"
    )
    assert escape_tex("naïve í") == r"na{\"{\i}}ve {\'{\i}}"
    # As one character or as two, it is the same letter.
    assert escape_tex(unicodedata.normalize("NFD", "Gómez")) == escape_tex("Gómez")
    assert escape_tex("方法 طريقة") == "方法 طريقة"


def test_authors_are_parted_by_and_and_groups_stay_whole() -> None:
    assert authors_field(["Ada Lovelace", "Kurt Gödel"]) == r"Ada Lovelace and Kurt G{\"{o}}del"
    assert authors_field(["Salt and Pepper Lab", "A, B"]) == "{Salt and Pepper Lab} and {A, B}"
    assert authors_field(["The expression-transfer-bench authors"]) == (
        "{The expression-transfer-bench authors}"
    )
    # A name that begins like the word is a name.
    assert authors_field(["Andrea Sand", "Anders Land"]) == "Andrea Sand and Anders Land"
    assert authors_field([]) == ""


def test_addresses_are_kept_as_they_are_and_anything_else_is_left_out() -> None:
    fields = (
        ("doi", "10.1007/978-3-319-97909-0_46"),
        ("url", "https://example.org/a_b?c=1&d=%20#e"),
    )
    assert dict(fields) == parsed(Entry("misc", "k", (), fields).to_bibtex())["k"][1]
    hostile = (("doi", "10.1000/{}"), ("url", "javascript:alert(1)"), ("note", "n"))
    assert parsed(Entry("misc", "k", (), hostile).to_bibtex())["k"][1] == {"note": "n"}


@pytest.mark.parametrize("text", HOSTILE)
def test_keys_are_plain(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", key_of(text))


def test_each_work_stands_once_and_no_key_twice() -> None:
    def entry(title: str, cites: str) -> Entry:
        return Entry("misc", "same", (), (("title", title),), cites)

    works = unique(
        [entry("a", "x"), entry("b", "y"), entry("a", "z"), entry("c", ""), entry("a", "x")]
    )
    assert [work.key for work in works] == ["same", "same-2", "same-3"]
    assert [work.cites for work in works] == ["x; z", "y", ""]
    assert {*parsed(bibliography(works))} == {"same", "same-2", "same-3"}


def test_a_new_key_never_meets_one_that_is_there() -> None:
    entries = [
        Entry("misc", key, (), (("title", str(n)),)) for n, key in enumerate(["a", "a", "a-2"])
    ]
    keys = [work.key for work in unique(entries)]
    assert len(set(keys)) == 3


def test_titles_keep_their_capitals() -> None:
    written = literature.NATURALNESS.to_bibtex()
    assert "title        = {{Making a `Completely Blind' Image Quality Analyzer}}," in written


def test_known_works_are_whole() -> None:
    works = [literature.REFERENCE_PAPER, literature.NATURALNESS]
    for name in (
        "mobilefacenet", "arcface-onnx", "facenet-vggface2", "facenet-casia", "mediapipe",
        "py-feat", "openface",
    ):  # fmt: skip
        found = literature.of_instrument(name)
        assert found, name
        works += found
    assert literature.of_instrument("somebody's") == ()
    for key, (_, fields) in parsed(bibliography(unique(works))).items():
        assert {"author", "title", "year"} <= {*fields}, key
        assert "doi" in fields or "url" in fields or "booktitle" in fields


def test_citations_of_built_in_methods_are_found() -> None:
    """Of every method that comes with the package and cites something."""
    from bench.plugins.registry import list_methods

    for found in list_methods():
        citation = found.card.citation if found.card else ""
        if citation and found.origin.startswith("expression-transfer-bench"):
            assert literature.of_method(citation, uses_glow=False), found.name


def test_text_for_reading() -> None:
    assert literature.REFERENCE_PAPER.to_text() == (
        "Valenzuela et al., Expression Transfer Using Flow-Based Generative Models, 2021, "
        "doi:10.1109/CVPRW53098.2021.00113"
    )
    assert Entry("misc", "k", ("A B", "C D"), (("title", "T"), ("year", "1"))).to_text() == (
        "B and D, T, 1"
    )
