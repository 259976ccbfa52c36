"""``bench cache``: latents and features that commands keep on disk."""

from __future__ import annotations

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

__all__ = ["cache"]

cache = typer.Typer(
    help="See and clear what commands keep on disk, so that no image is encoded twice.",
    no_args_is_help=True,
)


@cache.command("info")
def info(json: options.Json = False) -> None:
    """Say where the cache is, how large it may become, and what is in it.

    `codes` are what methods encode faces as, such as latents of Glow; `features` are what the
    instruments read from the real images of a dataset. From a latent the photograph can be made
    again: treat the folder as you treat the photographs.

    The folder is $BENCH_CACHE, else the system's place for such files; the limit is
    $BENCH_CACHE_SIZE, else 4 GiB. With 0 nothing is kept.

    Examples:

    `bench cache info`

    `bench cache info --json`
    """
    from bench.run.cache import ArrayCache, cache_folder, cache_limit

    limit = cache_limit()
    found = ArrayCache(cache_folder(), limit)
    use = found.use()
    if json:
        kinds = {
            kind: {"entries": one.entries, "bytes": one.bytes}
            for kind, one in use.items()
            if one.entries
        }
        print_json(
            {
                "schema_version": 1,
                "folder": str(found.folder),
                "limit_bytes": limit,
                "bytes": sum(one.bytes for one in use.values()),
                "kinds": kinds,
            }
        )
        return
    console = stdout()
    total = sum(one.bytes for one in use.values())
    for line in (
        f"folder  {found.folder}",
        f"limit   {_size(limit)}" if limit else "limit   0: nothing is kept",
        f"used    {_size(total)}",
        *(f"{kind:7} {one.entries} entries, {_size(one.bytes)}" for kind, one in use.items()),
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@cache.command("clear")
def clear(json: options.Json = False) -> None:
    """Remove all entries of the cache; the next command makes again what it needs.

    Nothing else that lies in the folder is touched.

    Examples:

    `bench cache clear`

    `bench cache clear --json`
    """
    from bench.run.cache import ArrayCache, cache_folder

    found = ArrayCache(cache_folder())
    removed = found.clear()
    if json:
        print_json(
            {
                "schema_version": 1,
                "folder": str(found.folder),
                "removed": {"entries": removed.entries, "bytes": removed.bytes},
            }
        )
        return
    said = f"removed {removed.entries} entries, {_size(removed.bytes)}, from {found.folder}"
    stdout().print(said, markup=False, highlight=False, soft_wrap=True)


def _size(size: int) -> str:
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >= 1 << power:
            return f"{size / (1 << power):.1f} {unit}"
    return f"{size} bytes"
