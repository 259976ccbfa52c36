"""Folders of runs that are given as text: a path, or an address such as ``s3://bucket/runs``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from bench.errors import BenchError

__all__ = ["folder_of_runs"]

# Two letters at least: C:\runs is a path.
_ADDRESS = re.compile(r"(?P<protocol>[A-Za-z][A-Za-z0-9+.-]+)://.*", re.DOTALL)


def folder_of_runs(text: str | Path) -> Path:
    """The folder that a text stands for.

    Args:
        text: a path; ``file://`` and one; or the address of object storage that fsspec knows. What
            else the storage needs, credentials and an address, comes from the environment.

    Returns:
        A path; for object storage a ``UPath``, which has the same methods.

    Raises:
        BenchError: nothing installed opens such an address, or files in it would not be found.
    """
    if not isinstance(text, str) or (match := _ADDRESS.fullmatch(text)) is None:
        return Path(text)
    protocol = match["protocol"].lower()
    if protocol in {"file", "local"}:
        address = urlsplit(text)
        if address.netloc:
            raise BenchError(f"{text} names no absolute path", hint="file:///shared/runs")
        return Path(url2pathname(address.path))
    if found := set("*?[]") & set(text):
        # fsspec takes them for patterns.
        raise BenchError(
            f"{text} cannot be a folder of runs: it holds {' '.join(sorted(found))}",
            hint="choose another name",
        )
    try:
        from upath import UPath

        # Others write to the folder too: a list that was asked for once is no answer later.
        folder = UPath(text, use_listings_cache=False)
        _ = folder.fs
    except ImportError as error:
        raise BenchError(
            f"{text} cannot be opened: {error}",
            hint="pip install 'expression-transfer-bench[dask]', and fsspec's package for it",
        ) from error
    except ValueError as error:
        raise BenchError(f"{text} cannot be opened: {error}") from error
    return cast(Path, folder)
