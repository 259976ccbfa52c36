"""BibTeX entries that any TeX reads, whatever the text that goes into them.

Text is escaped so that nothing of it is a command, and so that braces stay balanced: BibTeX
counts ``\\{`` as an opening brace, too. Accented letters become TeX commands, which work without
an input encoding; letters of other scripts stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bench.report.wording import printable

__all__ = ["Entry", "authors_field", "bibliography", "escape_tex", "key_of", "unique"]

_SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
}
_LETTERS: Final = {
    "ß": r"{\ss}", "æ": r"{\ae}", "Æ": r"{\AE}", "œ": r"{\oe}", "Œ": r"{\OE}", "ø": r"{\o}",
    "Ø": r"{\O}", "å": r"{\aa}", "Å": r"{\AA}", "ł": r"{\l}", "Ł": r"{\L}", "ı": r"{\i}",
    "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "…": r"\ldots{}",
}  # fmt: skip
_ACCENTS: Final = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
    "\u0328": "k",
}  # fmt: skip
_VERBATIM: Final = frozenset({"doi", "url"})
"""Fields that styles print as they are: what could end them is left out, nothing is escaped."""

_URL: Final = re.compile(r"https?://[A-Za-z0-9./_~:?=&%#+@,;()-]+")
_DOI: Final = re.compile(r"10\.\d{4,9}/[-._;()/:A-Za-z0-9]+")
_LONGEST_KEY: Final = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One work to cite, as plain text: it is escaped when it is written.

    Attributes:
        kind: such as ``article``.
        key: letters, digits and hyphens, as ``key_of`` makes them.
        authors: names, the given name first; may be empty.
        fields: names and values of the others in their order; an empty value is left out.
        cites: what of the report it stands for, such as ``dataset london``; one line.
    """

    kind: str
    key: str
    authors: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    cites: str = ""

    def to_text(self) -> str:
        """For reading: who, what, when."""
        found = dict(self.fields)
        names = [name.split(" ")[-1] for name in self.authors]
        who = {0: "", 1: "".join(self.authors[:1]), 2: " and ".join(names)}.get(
            len(names), f"{names[0] if names else ''} et al."
        )
        where = found.get("doi") and f"doi:{found['doi']}"
        parts = (who, found.get("title", ""), found.get("year", ""), where or found.get("url", ""))
        return printable(", ".join(filter(None, parts)))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, plain text throughout."""
        others = {name: value for name, value in self.fields if value and name != "key"}
        return {
            "key": self.key,
            "kind": self.kind,
            "cites": self.cites,
            **({"author": list(self.authors)} if self.authors else {}),
            **others,
        }

    def to_bibtex(self) -> str:
        """The entry; several lines."""
        written = [("author", authors_field(self.authors))]
        written += [(name, _field(name, value)) for name, value in self.fields]
        lines = [f"  {name:<12} = {{{text}}}," for name, text in written if text]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])


def _field(name: str, value: str) -> str:
    if name in _VERBATIM:
        pattern = _URL if name == "url" else _DOI
        return value if pattern.fullmatch(value) else ""
    # Styles make the letters of a title small where no brace keeps them.
    return f"{{{escape_tex(value)}}}" if name == "title" and value else escape_tex(value)


def escape_tex(text: object) -> str:
    """Plain text as TeX: one line, in which nothing is a command and braces are balanced."""
    written: list[str] = []
    for character in unicodedata.normalize("NFC", printable(text)):
        if character in _SPECIAL:
            written.append(_SPECIAL[character])
        elif character in _LETTERS:
            written.append(_LETTERS[character])
        else:
            written.append(_accented(character))
    return "".join(written).strip()


def _accented(character: str) -> str:
    """``{\\'e}`` for a letter with one of TeX's accents; any other character as it is."""
    apart = unicodedata.normalize("NFD", character)
    if len(apart) != 2 or apart[1] not in _ACCENTS or not apart[0].isascii():
        return character
    letter = {"i": r"\i", "j": r"\j"}.get(apart[0], apart[0])
    accent = _ACCENTS[apart[1]]
    # An accent that is a letter would run into the one below it.
    return f"{{\\{accent}{{{letter}}}}}"


def authors_field(names: Sequence[str]) -> str:
    """Names for the field ``author``, which BibTeX parts at ``and`` and at commas.

    A name in which one of these stands for something else, such as that of a group, is kept
    whole by braces.
    """
    written = []
    for name in names:
        text = escape_tex(name)
        whole = re.search(r"\band\b|,", text, re.IGNORECASE) or _is_group(text)
        written.append(f"{{{text}}}" if whole else text)
    return " and ".join(filter(None, written))


def _is_group(name: str) -> bool:
    words = name.lower().split()
    return len(words) > 1 and (words[0] == "the" or words[-1] in ("authors", "team", "group"))


def key_of(*words: object) -> str:
    """A key from words, such as a name and a year: small letters, digits and hyphens."""
    text = unicodedata.normalize("NFKD", " ".join(map(str, words)))
    kept = re.sub(r"[^a-z0-9]+", "-", text.encode("ascii", "ignore").decode().lower()).strip("-")
    return kept[:_LONGEST_KEY].strip("-") or "unnamed"


def unique(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Each work once, and no key twice: of works that share one, later ones get a letter.

    What one work stands for in several places is put together.
    """
    merged: dict[Entry, Entry] = {}
    for entry in entries:
        work = replace(entry, cites="")
        known = merged.get(work)
        if known is None:
            merged[work] = entry
        elif entry.cites not in known.cites.split("; "):
            merged[work] = replace(known, cites=f"{known.cites}; {entry.cites}")
    taken: set[str] = set()
    kept = []
    for entry in merged.values():
        key, number = entry.key, 1
        while key in taken:
            number += 1
            key = f"{entry.key}-{number}"
        taken.add(key)
        kept.append(replace(entry, key=key))
    return tuple(kept)


def bibliography(entries: Sequence[Entry]) -> str:
    """All entries as the text of a ``.bib`` file."""
    return "\n\n".join(entry.to_bibtex() for entry in entries) + "\n"
