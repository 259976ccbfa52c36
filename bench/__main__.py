"""``python -m bench`` is the ``bench`` command."""

from __future__ import annotations

import sys

from bench import stopping


def main() -> None:
    """The command line; also what is imported before it begins can be stopped."""
    try:
        stopping.heed()
        from bench.cli import main as run_command

        run_command()
    except SystemExit:
        raise
    except BaseException:
        # Being told to stop may come out of an import as another error.
        if not stopping.has_been_told():
            raise
        stopping.unheed()
        sys.exit(stopping.report())


if __name__ == "__main__":
    main()
