"""``bench weights``: released weights, for those who have a network."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.data.released.catalogue import Release

__all__ = ["weights"]

weights = typer.Typer(help="List and fetch weights that others released.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Folder of weights; by default $BENCH_WEIGHTS, else the user's cache.",
        show_default=False,
    ),
]


@weights.command("list")
def list_weights(out: Folder = None, json: options.Json = False) -> None:
    """List the weights that can be fetched, their licences and whether they are here.

    Examples:

    `bench weights list`

    `bench weights list --json`
    """
    from rich.table import Column, Table

    from bench.data.released.catalogue import RELEASES, default_folder

    folder = out or default_folder()
    paths = {release.name: folder / release.file_name for release in RELEASES}
    if json:
        rows = [
            {
                "name": release.name,
                "title": release.title,
                "licence": release.licence,
                "remark": release.remark,
                "url": release.url,
                "sha256": release.sha256 or None,
                "path": str(paths[release.name]) if paths[release.name].is_file() else None,
            }
            for release in RELEASES
        ]
        print_json({"schema_version": 1, "folder": str(folder), "rows": rows})
        return
    table = Table(Column("name", no_wrap=True), "what", "licence", "here", box=None, pad_edge=False)
    for release in RELEASES:
        here = "yes" if paths[release.name].is_file() else "no"
        table.add_row(release.name, release.title, release.licence, here)
    stdout().print(table, markup=False)


@weights.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="Name, as bench weights list has it.")],
    out: Folder = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Another address of the same file.", show_default=False),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1.0, help="Seconds to wait for an answer or a byte.")
    ] = 60.0,
    sha256: Annotated[
        str | None,
        typer.Option(
            "--sha256",
            help="What the file's SHA-256 must be, where its authors published none.",
            show_default=False,
        ),
    ] = None,
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified", help="Take what comes, where no SHA-256 is known: nobody can check it."
        ),
    ] = False,
) -> None:
    """Download released weights; an interrupted download goes on where it stopped.

    Only by https, from the hosts that are known for the file, and kept only with the right SHA-256.
    Prints the SHA-256, keeps it beside the file, and says what to type next.

    Examples:

    `bench weights fetch mobilefacenet`

    `bench weights fetch glow-celebahq256 --unverified --out weights/`
    """
    from rich.console import Console

    from bench.data.released.catalogue import default_folder, find_release
    from bench.data.released.download import download
    from metrics.weights import sha256_of

    release = find_release(name)
    expected = _expected(release, sha256, unverified)
    target = (out or default_folder()) / release.file_name
    progress = Console(stderr=True)
    licence = "; ".join(filter(None, [release.licence, release.remark]))
    progress.print(f"{release.title}\nlicence: {licence}", markup=False, highlight=False)
    if target.is_file():
        _require_unchanged(target, sha256_of(target), expected)
        print(f"{target} is here already, {_size(target.stat().st_size)}")
    else:
        with _progress_bar(progress, release.name) as advance:
            done = download(
                url or release.url,
                target,
                sha256=expected,
                hosts=release.hosts,
                timeout=timeout,
                advance=advance,
            )
        known = "as published" if release.sha256 else "as you said"
        known = known if expected else "computed; its authors published none"
        print(f"{done.path}, {_size(done.size)}")
        print(f"SHA-256 {done.sha256} ({known})")
    for index, step in enumerate(release.next_steps):
        text = step.format(file=shlex.quote(str(target)), name=release.name)
        print(f"{'      ' if index else 'Next: '}{text}")


def _expected(release: Release, sha256: str | None, unverified: bool) -> str:
    """The SHA-256 that the file must have; empty if the user takes what comes."""
    given = (sha256 or "").lower()
    if sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", given):
        raise BenchError(f"--sha256 {sha256!r} is no SHA-256", hint="64 hexadecimal digits")
    if release.sha256 and given not in ("", release.sha256):
        raise BenchError(
            f"the published SHA-256 of {release.name} is {release.sha256}, not {given}",
            hint="leave --sha256 out",
        )
    if not (release.sha256 or given or unverified):
        raise BenchError(
            f"nobody has published the SHA-256 of {release.name}: what arrives cannot be verified",
            hint="--sha256 HEX if you know it, or --unverified to take what comes",
        )
    return release.sha256 or given


def _require_unchanged(path: Path, digest: str, published: str) -> None:
    from bench.data.released.download import read_digest

    expected = published or read_digest(path)
    if expected and digest != expected:
        raise BenchError(
            f"{path} has the SHA-256 {digest}, not {expected}: it was changed after it was fetched",
            hint="remove it to fetch it again",
        )


@contextmanager
def _progress_bar(console: Console, name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar in bytes; the yielded function takes the bytes here and those in total."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size} bytes"
