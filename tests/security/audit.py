"""Known vulnerabilities of the installed packages, by pip-audit; honest where nobody was asked.

    python -m tests.security.audit

Ends with status 1 if a package has a known vulnerability. Without an answer of the service that
knows them nothing was audited: that is said, and is no failure of this project.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

COMMAND = [
    sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off",
    "--skip-editable",
]  # fmt: skip

SECONDS = 600

ACCEPTED: dict[str, str] = {}
"""Identifier of a vulnerability -> why it does not matter here."""


def verdict(output: str, errors: str) -> tuple[int, list[str]]:
    """Status and lines to print, by what pip-audit has printed."""
    try:
        packages: Sequence[Mapping[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        reason = next(reversed(errors.strip().splitlines()), "no answer")
        return 0, [f"warning: NOTHING WAS AUDITED, pip-audit could not ask: {reason[:200]}"]
    audited = [package for package in packages if "skip_reason" not in package]
    if not audited:
        reason = next((str(package["skip_reason"]) for package in packages), "no package")
        return 0, [
            f"warning: NOTHING WAS AUDITED, the service knows none of {len(packages)} packages: "
            f"{reason[:200]}"
        ]
    lines, status = [], 0
    for package in audited:
        for found in package["vulns"]:
            names = {found["id"], *found.get("aliases", ())}
            reason = next((ACCEPTED[name] for name in names if name in ACCEPTED), None)
            mended = ", ".join(found.get("fix_versions", ())) or "no version"
            lines.append(
                f"{package['name']} {package['version']}: {found['id']}, mended in {mended}"
                + (f"; accepted: {reason}" if reason else "")
            )
            status |= reason is None
    lines.append(f"{len(audited)} packages audited, {len(packages) - len(audited)} could not be")
    return int(status), lines


def main() -> int:
    try:
        done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=SECONDS, check=False)
        output, errors = done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        output, errors = "", f"no answer in {SECONDS} s"
    status, lines = verdict(output, errors)
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
