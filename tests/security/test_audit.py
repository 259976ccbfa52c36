"""What the audit says of what pip-audit says: a silence is no clean bill."""

from __future__ import annotations

import json

import pytest

from tests.security import audit
from tests.security.audit import verdict

SOUND = {"name": "a", "version": "1", "vulns": []}
KNOWN = {
    "name": "b", "version": "2",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3"], "description": ""}],
}  # fmt: skip
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


def said(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_vulnerability_fails_and_is_named_with_the_version_that_mends_it() -> None:
    status, lines = verdict(said(SOUND, KNOWN, SKIPPED), "")
    assert status == 1
    assert lines == ["b 2: PYSEC-1, mended in 3", "2 packages audited, 1 could not be"]


def test_without_one_it_passes_and_says_how_many_were_looked_at() -> None:
    assert verdict(said(SOUND, SKIPPED), "") == (0, ["1 packages audited, 1 could not be"])


def test_an_accepted_one_passes_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(audit.ACCEPTED, "CVE-1", "only its server, which is not started")
    status, lines = verdict(said(KNOWN), "")
    assert status == 0
    assert lines[0].endswith("accepted: only its server, which is not started")


@pytest.mark.parametrize(
    ("output", "errors"),
    [
        (said(SKIPPED, SKIPPED), ""),
        (said(), ""),
        ("", "Traceback ...\nConnectionError: no route to the service"),
        ("", ""),
        ("[]", ""),
        ("<html>", ""),
    ],
)
def test_where_nobody_could_be_asked_that_is_said_and_is_no_failure(
    output: str, errors: str
) -> None:
    status, (line,) = verdict(output, errors)
    assert status == 0
    assert "NOTHING WAS AUDITED" in line
