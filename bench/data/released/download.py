"""A file from the web: whole under its name, or not there at all."""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.errors import BenchError

__all__ = ["Download", "check_address", "download", "read_digest"]

CHUNK = 1 << 18
MOST_BYTES = 4 << 30
"""Of a file: a server that promises more is not believed."""

AGENT = "expression-transfer-bench"
PAGES = {"text/html", "text/xml", "application/xml", "application/xhtml+xml", "application/json"}

Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is here.

    Attributes:
        path: where.
        size: bytes.
        sha256: hexadecimal, computed; also in ``NAME.sha256`` beside the file.
        resumed_at: bytes that were there from an earlier attempt.
    """

    path: Path
    size: int
    sha256: str
    resumed_at: int


def download(
    url: str,
    target: Path,
    *,
    sha256: str = "",
    hosts: Collection[str] = (),
    timeout: float = 60.0,
    advance: Advance = lambda done, total: None,
) -> Download:
    """Fetches a file. What an interrupted attempt has left in ``NAME.partial`` is continued.

    Args:
        url: https, or http of this machine itself; proxies are taken from the environment.
        target: the file to write; its folder is made.
        sha256: what its SHA-256 must be; empty if unknown.
        hosts: to which the address's own host may send on; to others nobody is asked again.
        timeout: seconds without an answer or a byte after which the attempt ends.
        advance: called with the bytes here and the bytes in total.

    Raises:
        BenchError: another address than https, no connection, another answer than the file, a
            redirection to another host, a broken connection, a wrong length or SHA-256, or no
            place to write. Under the final name there is then nothing.
    """
    if problem := check_address(url):
        raise BenchError(f"{url} {problem}", hint="give an address that begins with https://")
    attempt = _Attempt(url, target, timeout, hosts)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed_at = attempt.fetch(advance)
        digest = attempt.finish(sha256)
    except OSError as error:
        raise BenchError(f"cannot write {target}: {error}", hint="choose another --out") from error
    return Download(target, target.stat().st_size, digest, resumed_at)


def read_digest(path: Path) -> str:
    """The SHA-256 that was stored beside a fetched file; empty if there is none."""
    beside = _digest_file(path)
    if not beside.is_file():
        return ""
    return next(iter(beside.read_text(encoding="utf-8", errors="replace").split()), "")


def check_address(url: str) -> str | None:
    """Why nothing may be fetched from an address; None if it may.

    Without TLS anybody on the way can answer, so it must be https; only of this machine itself
    http will do.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "is no address"
    if parts.username is not None or parts.password is not None:
        return "holds a name or a password"
    if parts.scheme == "https" and host:
        return None
    if parts.scheme == "http" and _is_this_machine(host):
        return None
    return "is not fetched: it is no https address, and anybody on the way could answer"


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Follows a redirection on the same host or to a host that is known, by https alone."""

    def __init__(self, url: str, hosts: Collection[str]) -> None:
        self._from = urlsplit(url)
        self._hosts = {(self._from.hostname or "").lower(), *hosts}

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        problem = check_address(newurl)
        to = urlsplit(newurl) if problem is None else None
        if to is not None:
            if (to.hostname or "").lower() not in self._hosts:
                problem = "is another host, which is not known for this file"
            elif to.scheme != self._from.scheme:
                problem = "is another protocol"
        if problem:
            raise BenchError(
                f"{self._from.geturl()} sends on to {newurl[:200]}, which {problem}",
                hint="nothing was fetched; name a mirror that you trust with --url",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Attempt:
    """One file on its way: ``NAME.partial`` and, beside it, which file it is a part of."""

    def __init__(self, url: str, target: Path, timeout: float, hosts: Collection[str]) -> None:
        self.url, self.target, self.timeout = url, target, timeout
        self.opener = urllib.request.build_opener(_Redirections(url, hosts))
        self.partial = target.with_name(target.name + ".partial")
        self.state = target.with_name(target.name + ".partial.json")

    def fetch(self, advance: Advance) -> int:
        """Brings the whole file to ``NAME.partial``; returns the bytes that were there before."""
        start, total, validator = self._kept()
        if start and start == total:
            return start
        with self._ask(start, validator) as answer:
            if not (start and _continues(answer, start, total)):
                if answer.status != http.client.OK and start:
                    self._discard()
                    return self.fetch(advance)
                start, total = 0, self._length(answer)
            first = self._read(answer, start, total)
            if answer.headers.get_content_type() in PAGES or (start == 0 and first[:1] == b"<"):
                raise self._refusal("answered with a page, not with the file: a proxy's, perhaps")
            self._remember(answer, total)
            self._receive(answer, first, start, total, advance)
        return start

    def finish(self, expected: str) -> str:
        """Checks the whole file and gives it its name; returns its SHA-256."""
        with self.partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        if expected and digest != expected:
            self._discard()
            raise BenchError(
                f"{self.url} has the SHA-256 {digest}, not the published {expected}",
                hint="it was damaged on the way or changed there, and is not kept: try again",
            )
        _digest_file(self.target).write_text(f"{digest}  {self.target.name}\n", encoding="utf-8")
        os.replace(self.partial, self.target)
        self.state.unlink(missing_ok=True)
        return digest

    def _ask(self, start: int, validator: str) -> Any:
        # Compressed on the way, lengths and ranges would be those of other bytes.
        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if validator:
                headers["If-Range"] = validator
        try:
            request = urllib.request.Request(self.url, headers=headers)
            return self.opener.open(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            error.close()
            if start and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                self._discard()
                return self._ask(0, "")
            raise self._refusal(f"answered {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise self._refusal(f"cannot be reached ({reason})") from error

    def _length(self, answer: Any) -> int:
        text = answer.headers.get("Content-Length", "")
        if answer.status != http.client.OK or not text.isdigit() or int(text) == 0:
            raise self._refusal(
                f"answered {answer.status} without a length: a cut file would pass for a whole one"
            )
        if int(text) > MOST_BYTES:
            raise self._refusal(f"promises {text} bytes, and weights have at most {MOST_BYTES}")
        return int(text)

    def _receive(self, answer: Any, block: bytes, start: int, total: int, advance: Advance) -> None:
        done = start
        with self.partial.open("ab" if start else "wb") as file:
            while True:
                file.write(block)
                done += len(block)
                advance(done, total)
                if done >= total:
                    return
                block = self._read(answer, done, total)

    def _read(self, answer: Any, done: int, total: int) -> bytes:
        reason = "it was closed"
        try:
            block: bytes = answer.read(min(CHUNK, total - done))
        except (OSError, http.client.HTTPException) as error:
            block, reason = b"", str(error) or type(error).__name__
        if not block:
            raise BenchError(
                f"the connection to {self.url} broke after {done} of {total} bytes ({reason})",
                hint="type the same command again: it goes on from there",
            )
        return block

    def _refusal(self, what: str) -> BenchError:
        return BenchError(
            f"{self.url} {what}",
            hint="check the network and the proxy ($HTTPS_PROXY), or name a mirror with --url",
        )

    def _kept(self) -> tuple[int, int, str]:
        """Bytes of an earlier attempt, those of the whole file, and what tells that file."""
        state = self._read_state()
        size = self.partial.stat().st_size if self.partial.is_file() else 0
        total = state.get("total", 0)
        if state.get("url") != self.url or not isinstance(total, int) or not 0 < size <= total:
            self._discard()
            return 0, 0, ""
        return size, total, str(state.get("validator", ""))

    def _read_state(self) -> dict[str, Any]:
        try:
            state = json.loads(self.state.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _remember(self, answer: Any, total: int) -> None:
        # A weak tag does not promise the same bytes, and may not stand in If-Range.
        tag = answer.headers.get("ETag", "")
        validator = tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
        state = {"url": self.url, "total": total, "validator": validator}
        self.state.write_text(json.dumps(state), encoding="utf-8")

    def _discard(self) -> None:
        self.partial.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)


def _digest_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _continues(answer: Any, start: int, total: int) -> bool:
    """Whether this is the rest of the file of which a part is here."""
    given = answer.headers.get("Content-Range", "")
    match = re.fullmatch(rf"bytes {start}-\d+/{total}", given.strip())
    return answer.status == http.client.PARTIAL_CONTENT and match is not None
