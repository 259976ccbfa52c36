"""Fuzzing by command: how many cases, or for how long, of which kinds of files.

    python -m tests.fuzz.run all --cases 100000
    python -m tests.fuzz.run card onnx --seconds 20
    python -m tests.fuzz.run card --engine atheris --seconds 20
    python -m tests.fuzz.run onnx --only 417

docs/fuzzing.md tells what is tried and what a finding is. Ends with status 1 after a finding.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "fuzz"

PATIENCE = 60.0
"""Seconds without a line of the worker, however busy the machine is, after which it hangs."""

STRIDE = 20_000
"""Cases of one process, so that what leaks is not mistaken for what a case needs."""


@dataclass
class Tally:
    """What became of the cases of one target."""

    name: str
    cases: int = 0
    accepted: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    most_mib: int = 0
    findings: dict[int, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"{self.name:12} {self.cases:8} cases {self.accepted:8} accepted "
            f"{self.cases - self.accepted - len(self.findings):8} refused "
            f"{len(self.findings):4} findings {self.slowest:7.2f} s slowest "
            f"{self.most_mib:5} MiB most {self.seconds:7.0f} s"
        )


def fuzz(
    name: str,
    first: int,
    last: int,
    *,
    seed: int = 0,
    seconds: float = float("inf"),
    most: int = 20,
) -> Tally:
    """Tries the cases of a range, until the seconds are over or there are too many findings."""
    tally = Tally(name)
    began = time.monotonic()
    number = first
    while number < last and time.monotonic() - began < seconds and len(tally.findings) < most:
        number = _range(tally, number, min(last, number + STRIDE), seed, began + seconds)
    tally.seconds = time.monotonic() - began
    return tally


def _range(tally: Tally, first: int, last: int, seed: int, until: float) -> int:
    """Cases of one worker; the number of the next case."""
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.worker",
        tally.name,
        str(first),
        str(last),
        str(seed),
    ]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "ignore",
    }
    errors = KEPT / f"{tally.name}.stderr"
    errors.parent.mkdir(parents=True, exist_ok=True)
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as worker,
    ):
        begun, ended = first - 1, first - 1
        hangs = False
        assert worker.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(worker.stdout, selectors.EVENT_READ)
            while True:
                if not selector.select(PATIENCE):
                    hangs = True
                    break
                line = worker.stdout.readline()
                if not line:
                    break
                said = json.loads(line)
                begun = said.get("begins", begun)
                if "ended" in said:
                    ended = said["ended"]
                    _count(tally, said, seed)
                    if time.monotonic() > until or len(tally.findings) >= 20:
                        break
        worker.kill()
        status = worker.wait()
    if begun > ended:
        what = "hangs" if hangs else f"ends the process with status {status}"
        if not hangs and status < 0:
            what = f"ends the process by {signal.Signals(-status).name}"
        tally.cases += 1
        _keep(tally, begun, f"{what}\n{errors.read_text(errors='replace')[-2000:]}", seed)
        return begun + 1
    if ended < first:
        raise SystemExit(f"{tally.name}: the worker did not begin\n{errors.read_text()[-3000:]}")
    return ended + 1


def _count(tally: Tally, said: dict[str, object], seed: int) -> None:
    tally.cases += 1
    tally.accepted += bool(said["ok"])
    tally.slowest = max(tally.slowest, float(str(said["seconds"])))
    tally.most_mib = max(tally.most_mib, int(str(said["mib"])))
    if said["finding"]:
        _keep(tally, int(str(said["ended"])), str(said["finding"]), seed)


def _keep(tally: Tally, number: int, finding: str, seed: int) -> None:
    """Keeps the file of a finding; what differs in a number only is told once."""
    from tests.fuzz.targets import TARGETS

    tally.findings[number] = finding
    path = KEPT / f"{tally.name}-{seed}-{number}"
    path.write_bytes(TARGETS[tally.name].case(number, seed))
    print(
        f"FINDING {tally.name} case {number} (--seed {seed}), kept in {path}\n{finding}", flush=True
    )


def fuzz_with_atheris(name: str, cases: int, seconds: float) -> int:
    """Lets libFuzzer choose the cases by what they reach; the status of its process."""
    command = [sys.executable, "-m", "tests.fuzz.coverage", name, str(cases), str(int(seconds))]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run")
    parser.add_argument("targets", nargs="+", choices=["all", *TARGETS])
    parser.add_argument("--cases", type=int, default=0, help="of each target")
    parser.add_argument("--seconds", type=float, default=0.0, help="for each target")
    parser.add_argument("--seed", type=int, default=0, help="other cases")
    parser.add_argument("--only", type=int, help="this case alone")
    parser.add_argument("--engine", choices=["structure", "atheris"], default="structure")
    options = parser.parse_args(arguments)
    names = list(TARGETS) if "all" in options.targets else options.targets
    cases = options.cases or (10**9 if options.seconds else 1000)
    seconds = options.seconds or float("inf")
    if options.engine == "atheris":
        runs = options.cases or -1
        limit = options.seconds or (0 if options.cases else 20)
        failed = [name for name in names if fuzz_with_atheris(name, runs, limit)]
        print(f"atheris: {len(names)} targets, findings in: {', '.join(failed) or 'none'}")
        return int(bool(failed))
    first, last = (options.only, options.only + 1) if options.only is not None else (0, cases)
    tallies = []
    for name in names:
        tallies.append(fuzz(name, first, last, seed=options.seed, seconds=seconds))
        print(tallies[-1], flush=True)
    findings = sum(len(tally.findings) for tally in tallies)
    print(f"{sum(tally.cases for tally in tallies)} cases, {findings} findings")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
