"""Hooks of mkdocs: the site also holds pages that lie outside of docs/.

Links between pages are written as a code host follows them, relative to the file. Whatever a page
of docs/ or of the navigation links to becomes part of the site, under its path in the repository,
and so does what that links to. A page that loads anything from elsewhere is a warning, and so an
error of a strict build.
"""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

__all__ = ["on_files", "on_page_markdown", "on_post_page"]

LOG = logging.getLogger("mkdocs.hooks.site")
ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(\]\()([^)#:\s]+)(#[^)\s]*)?(?=\))")

LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"((?:https?:)?//[^\"]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the files outside of docs/ that pages lead to."""
    waiting = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    waiting += [path for path in _paths_of(config.nav) if (ROOT / path).is_file()]
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if not path.startswith("docs/"):
            source = str(ROOT / path)
            files.append(File.generated(config, path, abs_src_path=source))
        if path.endswith(".md"):
            text = (ROOT / path).read_text(encoding="utf-8")
            targets = (_resolved(match[2], path) for match in LINK.finditer(text))
            waiting += [target for target in targets if (ROOT / target).is_file()]
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as the site needs them, where docs/ is the root."""
    uri = page.file.src_uri
    path = f"docs/{uri}" if (ROOT / "docs" / uri).is_file() else uri

    def rewritten(match: re.Match[str]) -> str:
        target = _resolved(match[2], path)
        if not (ROOT / target).is_file():
            return match[0]
        link = posixpath.relpath(target.removeprefix("docs/"), posixpath.dirname(uri))
        return f"{match[1]}{link}{match[3] or ''}"

    return LINK.sub(rewritten, markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> None:
    """Warns of what a reader's browser would ask the network for."""
    for match in LOADED.finditer(output):
        LOG.warning("%s loads %s", page.file.src_uri, match[1])


def _resolved(target: str, page: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), target))


def _paths_of(navigation: object) -> Iterator[str]:
    if isinstance(navigation, str):
        yield navigation
    elif isinstance(navigation, list):
        for entry in navigation:
            yield from _paths_of(entry)
    elif isinstance(navigation, dict):
        yield from _paths_of(list(navigation.values()))
