"""The process in which cases are read: what ends it or hangs is noted, and the next one goes on.

    python -m tests.fuzz.worker TARGET FIRST LAST SEED

It prints a line of JSON before each case (its number) and after each (how it ended).
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]

SECONDS = 5.0
"""Of computing, for a case."""

MEMORY = 1 << 30
"""Bytes, beyond what the process has when it begins."""


class Hang(BaseException):
    """A case that goes on for too long, where Python is asked."""


def main(name: str, first: int, last: int, seed: int) -> None:
    from tests.fuzz.targets import TARGETS, Finding, run_case

    target = TARGETS[name]
    out = os.fdopen(os.dup(1), "w", buffering=1)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    faulthandler.enable()
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as place:
        folder = Path(place).resolve()
        target.prepare(folder)
        # What the first cases import and start is not theirs.
        for number in range(min(3, len(target.seeds()))):
            run_case(target, folder, target.case(number, seed))
        limit_memory()
        signal.signal(signal.SIGVTALRM, stop)
        for number in range(first, last):
            content = target.case(number, seed)
            print(json.dumps({"begins": number}), file=out)
            began, before = time.process_time(), peak()
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
            finding = ""
            try:
                outcome = run_case(target, folder, content)
            except Finding as error:
                outcome, finding = "finding", f"{error}\n{traceback.format_exc(limit=-6)}"
            except Hang:
                outcome, finding = (
                    "finding",
                    f"more than {SECONDS} s\n{traceback.format_exc(limit=-6)}",
                )
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
                signal.signal(signal.SIGVTALRM, stop)
            seconds, grown = time.process_time() - began, peak() - before
            if seconds > SECONDS and not finding:
                outcome, finding = "finding", f"{seconds:.1f} s"
            if grown > MEMORY and not finding:
                outcome, finding = "finding", f"{grown >> 20} MiB"
            line = {
                "ended": number, "ok": outcome == "ok", "seconds": round(seconds, 4),
                "mib": grown >> 20, "finding": finding[-3000:],
            }  # fmt: skip
            print(json.dumps(line), file=out)


def limit_memory() -> None:
    """Lets the process have ``MEMORY`` more than it has now."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return
    line = next(row for row in status.read_text().splitlines() if row.startswith("VmData"))
    most = int(line.split()[1]) * 1024 + MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def stop(number: int, frame: FrameType | None) -> NoReturn:
    raise Hang


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(sys.argv[1], *map(int, sys.argv[2:5]))
