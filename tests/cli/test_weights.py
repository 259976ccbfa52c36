"""``bench weights`` against a web server on this machine, whole and broken in each way."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.data.released.catalogue import RELEASES, default_folder, find_release
from bench.data.released.download import check_address, download
from bench.errors import BenchError
from bench.plugins.instruments import list_instruments
from metrics.embedders.facenet import FACENET_CASIA
from metrics.plugin import GROUPS
from metrics.weights import find_weights


class FileServer:
    """Serves one file on this machine, with a fault for each of the next requests.

    Attributes:
        content: the file.
        faults: one for each request to come, the first first; without any the file is served.
            ``cut`` sends half of what it promises, ``forbidden`` a page with 403, ``page`` one
            with 200, ``no_range`` the whole file whatever was asked for, ``no_length`` no
            length, ``silent`` nothing, ``stale`` a 206 of another file, ``huge`` promises more
            than weights have, and an address is where a redirection goes.
        tag: the file's ETag.
        ranges: what the Range header of each request said.
    """

    def __init__(self) -> None:
        self.content = bytes(range(256)) * 4096
        self.faults: list[str] = []
        self.tag = '"first"'
        self.ranges: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/model.pb"
        self.stopped = threading.Event()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "silent":
            self.stopped.wait(5.0)
            return
        if "//" in fault:
            request.send_response(302)
            request.send_header("Location", fault)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if fault in {"forbidden", "page"}:
            self._page(request, 403 if fault == "forbidden" else 200)
            return
        match = re.fullmatch(r"bytes=(\d+)-", asked or "")
        fresh = request.headers.get("If-Range", self.tag) == self.tag
        start = int(match[1]) if match and fresh and fault != "no_range" else 0
        body = self.content[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Type", "application/octet-stream")
        request.send_header("ETag", self.tag)
        if fault != "no_length":
            request.send_header("Content-Length", str(1 << 40 if fault == "huge" else len(body)))
        if start:
            total = len(self.content) + (1000 if fault == "stale" else 0)
            given = f"bytes {start}-{len(self.content) - 1}/{total}"
            request.send_header("Content-Range", given)
        request.end_headers()
        request.wfile.write(body[: len(body) // 2] if fault == "cut" else body)

    def _page(self, request: BaseHTTPRequestHandler, status: int) -> None:
        page = b"<!DOCTYPE html><html><body>Access denied</body></html>"
        request.send_response(status)
        request.send_header("Content-Type", "text/html; charset=utf-8")
        request.send_header("Content-Length", str(len(page)))
        request.end_headers()
        request.wfile.write(page)


@pytest.fixture
def file_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = FileServer()
    thread = threading.Thread(target=served.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served
    served.stopped.set()
    served.server.shutdown()
    served.server.server_close()
    thread.join()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "weights" / "model.pb"


def files(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()} if target.parent.is_dir() else set()


def invoke(*words: str) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_a_file_arrives_whole_with_its_digest_beside_it(
    file_server: FileServer, target: Path
) -> None:
    seen: list[tuple[int, int]] = []
    done = download(file_server.url, target, advance=lambda here, all: seen.append((here, all)))
    assert target.read_bytes() == file_server.content
    digest = hashlib.sha256(file_server.content).hexdigest()
    assert (done.sha256, done.size, done.resumed_at) == (digest, len(file_server.content), 0)
    assert (target.parent / "model.pb.sha256").read_text() == f"{digest}  model.pb\n"
    assert files(target) == {"model.pb", "model.pb.sha256"}
    assert seen[-1] == (len(file_server.content), len(file_server.content))


def test_a_broken_connection_leaves_a_part_that_is_continued(
    file_server: FileServer, target: Path
) -> None:
    file_server.faults = ["cut"]
    half = len(file_server.content) // 2
    with pytest.raises(BenchError, match=rf"broke after {half} of .* bytes .* goes on from there"):
        download(file_server.url, target)
    assert not target.exists()
    assert (target.parent / "model.pb.partial").stat().st_size == half
    done = download(file_server.url, target)
    assert done.resumed_at == half
    assert file_server.ranges == [None, f"bytes={half}-"]
    assert target.read_bytes() == file_server.content
    assert files(target) == {"model.pb", "model.pb.sha256"}


@pytest.mark.parametrize("fault", ["no_range", "stale"])
def test_a_part_that_cannot_be_continued_is_fetched_again(
    file_server: FileServer, target: Path, fault: str
) -> None:
    file_server.faults = ["cut", fault]
    with pytest.raises(BenchError):
        download(file_server.url, target)
    assert download(file_server.url, target).resumed_at == 0
    assert target.read_bytes() == file_server.content


def test_a_part_of_a_file_that_has_changed_is_not_continued(
    file_server: FileServer, target: Path
) -> None:
    file_server.faults = ["cut"]
    with pytest.raises(BenchError):
        download(file_server.url, target)
    file_server.content, file_server.tag = file_server.content[::-1], '"second"'
    download(file_server.url, target)
    assert target.read_bytes() == file_server.content


def test_a_part_from_another_address_is_not_continued(
    file_server: FileServer, target: Path
) -> None:
    file_server.faults = ["cut"]
    with pytest.raises(BenchError):
        download(file_server.url, target)
    assert download(file_server.url + "?mirror", target).resumed_at == 0
    assert file_server.ranges == [None, None]


def test_a_part_that_is_whole_is_finished_without_a_request(
    file_server: FileServer, target: Path
) -> None:
    file_server.faults = ["cut"]
    with pytest.raises(BenchError):
        download(file_server.url, target)
    (target.parent / "model.pb.partial").write_bytes(file_server.content)
    download(file_server.url, target)
    assert target.read_bytes() == file_server.content
    assert len(file_server.ranges) == 1


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        ("forbidden", "answered 403 Forbidden .*proxy"),
        ("page", "answered with a page, not with the file"),
        ("no_length", "without a length"),
        ("silent", "cannot be reached"),
    ],
)
def test_another_answer_than_the_file_leaves_nothing(
    file_server: FileServer, target: Path, fault: str, match: str
) -> None:
    file_server.faults = [fault]
    with pytest.raises(BenchError, match=match):
        download(file_server.url, target, timeout=0.3)
    assert files(target) == set()
    download(file_server.url, target)
    assert target.read_bytes() == file_server.content


@pytest.mark.parametrize("fault", ["forbidden", "page"])
def test_a_proxy_s_page_does_not_cost_the_part_that_is_here(
    file_server: FileServer, target: Path, fault: str
) -> None:
    file_server.faults = ["cut", fault]
    for _ in range(2):
        with pytest.raises(BenchError):
            download(file_server.url, target)
    assert download(file_server.url, target).resumed_at == len(file_server.content) // 2
    assert target.read_bytes() == file_server.content


def test_a_page_that_calls_itself_a_file_is_recognised(
    file_server: FileServer, target: Path
) -> None:
    file_server.content = b"<html>Sign in to the network</html>"
    with pytest.raises(BenchError, match="answered with a page"):
        download(file_server.url, target)
    assert files(target) == set()


def test_another_sha256_than_the_published_is_not_kept(
    file_server: FileServer, target: Path
) -> None:
    with pytest.raises(BenchError, match=r"not the published 00ff"):
        download(file_server.url, target, sha256="00ff")
    assert files(target) == set()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/model.pb",
        "http://127.0.0.1.example.org/model.pb",
        "ftp://example.org/model.pb",
        "file:///etc/passwd",
        "data:,x",
        "//example.org/model.pb",
        "example.org/model.pb",
        "https:///model.pb",
        "https://user:word@example.org/model.pb",
        "https://[::1/model.pb",
        "",
    ],
)
def test_nothing_is_asked_of_an_address_without_tls(
    target: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(
        "urllib.request.OpenerDirector.open", lambda *_, **__: pytest.fail("asked for it")
    )
    with pytest.raises(BenchError, match="https://"):
        download(url, target)
    assert files(target) == set()


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("http://example.org/model.pb", "no https address"),
        ("https://example.org/model.pb", "another host"),
        ("https://127.0.0.1/model.pb", "another protocol"),
        ("ftp://127.0.0.1/model.pb", "no https address"),
        ("file:///etc/passwd", "is not allowed"),
        ("http://localhost:{port}/model.pb", "another host"),
    ],
)
def test_a_redirection_to_elsewhere_is_not_followed(
    file_server: FileServer, target: Path, to: str, words: str
) -> None:
    file_server.faults = [to.format(port=file_server.server.server_port)]
    with pytest.raises(BenchError, match=rf"(sends on to|Redirection to url) .*{words}"):
        download(file_server.url, target)
    assert files(target) == set()
    assert file_server.ranges == [None]


def test_a_redirection_on_the_same_host_or_to_a_known_one_is_followed(
    file_server: FileServer, target: Path
) -> None:
    file_server.faults = [f"{file_server.url}?elsewhere"]
    assert download(file_server.url, target).size == len(file_server.content)
    other = file_server.url.replace("127.0.0.1", "localhost")
    file_server.faults = [other]
    download(file_server.url, target.with_name("second.pb"), hosts=["localhost"])
    assert (target.parent / "second.pb").read_bytes() == file_server.content


def test_a_file_of_a_terabyte_is_not_begun(file_server: FileServer, target: Path) -> None:
    file_server.faults = ["huge"]
    with pytest.raises(BenchError, match="promises 1099511627776 bytes"):
        download(file_server.url, target)
    assert files(target) == set()


def test_every_release_is_fetched_by_https() -> None:
    for release in RELEASES:
        assert check_address(release.url) is None
        assert release.url.startswith("https://")


def test_what_nobody_can_verify_is_not_fetched_unasked(
    file_server: FileServer, tmp_path: Path
) -> None:
    words = ["weights", "fetch", "glow-celebahq256", "--out", tmp_path, "--url", file_server.url]
    with pytest.raises(BenchError, match=r"cannot be verified .*--sha256 HEX .*--unverified"):
        invoke(*words)
    with pytest.raises(BenchError, match="not the published 0000"):
        invoke(*words, "--sha256", "0" * 64)
    with pytest.raises(BenchError, match="is no SHA-256"):
        invoke(*words, "--sha256", "00ff")
    assert list(tmp_path.iterdir()) == []
    digest = hashlib.sha256(file_server.content).hexdigest()
    assert f"SHA-256 {digest} (as you said)" in invoke(*words, "--sha256", digest.upper())
    with pytest.raises(BenchError, match="the published SHA-256 of mobilefacenet is b7120c"):
        invoke("weights", "fetch", "mobilefacenet", "--sha256", "0" * 64)


def test_nobody_at_the_address_is_said_with_what_to_check(target: Path) -> None:
    with pytest.raises(BenchError, match=r"cannot be reached .*\$HTTPS_PROXY.*--url"):
        download("http://127.0.0.1:9/model.pb", target, timeout=1.0)


def test_a_place_that_cannot_be_written_is_said(file_server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match=r"cannot write .*choose another --out"):
        download(file_server.url, tmp_path / "file" / "model.pb")


def test_fetch_says_what_it_did_and_what_to_type_next(
    file_server: FileServer, tmp_path: Path
) -> None:
    words = ["weights", "fetch", "glow-celebahq256", "--unverified"]
    words += ["--out", str(tmp_path), "--url", file_server.url]
    text = invoke(*words)
    path = tmp_path / "graph_unoptimized.pb"
    assert path.read_bytes() == file_server.content
    assert hashlib.sha256(file_server.content).hexdigest() in text
    assert f"python -m glow convert {path} --image-size 256 --bits 5" in text
    assert "is here already" in invoke(*words)
    assert len(file_server.ranges) == 1
    path.write_bytes(b"something else")
    with pytest.raises(BenchError, match="it was changed after it was fetched"):
        invoke(*words)


def test_the_licence_is_said_before_the_download(file_server: FileServer, tmp_path: Path) -> None:
    file_server.faults = ["forbidden"]
    words = ["weights", "fetch", "glow-celebahq256", "--unverified"]
    words += ["--out", str(tmp_path), "--url", file_server.url]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert isinstance(result.exception, BenchError)
    assert "licence: MIT" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_fetched_is_found_by_the_instruments(
    file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path / "mine"))
    release = find_release("face-landmarker")
    assert default_folder() == tmp_path / "mine"
    with pytest.raises(BenchError, match="not the published"):
        invoke("weights", "fetch", "face-landmarker", "--url", file_server.url)
    download(file_server.url, default_folder() / release.file_name)
    assert find_weights(release.file_name) == tmp_path / "mine" / release.file_name
    monkeypatch.delenv("BENCH_WEIGHTS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_folder() == tmp_path / "cache" / "bench" / "weights"


def test_facenet_is_fetched_to_where_it_is_looked_for(
    file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path))
    for name in ("facenet-vggface2", "mobilefacenet"):
        with pytest.raises(BenchError, match=f"not the published {find_release(name).sha256}"):
            invoke("weights", "fetch", name, "--url", file_server.url)
    assert list(tmp_path.iterdir()) == []
    text = invoke("weights", "fetch", "facenet-casia", "--unverified", "--url", file_server.url)
    assert "computed; its authors published none" in text
    assert "--embedder facenet-casia" in text
    plugin = FACENET_CASIA
    assert find_weights(plugin.weights) == tmp_path / find_release(plugin.name).file_name
    entries = {entry.name: entry for entry in list_instruments("embedder")}
    assert "weights" not in (entries["facenet-casia"].problem or "")
    assert "weights 20180402-114759" in (entries["facenet-vggface2"].problem or "")
    assert entries["facenet-vggface2"].remedy.endswith("bench weights fetch facenet-vggface2")


def test_every_file_that_an_instrument_looks_for_can_be_fetched_by_the_command_it_names() -> None:
    for kind in GROUPS:
        for entry in list_instruments(kind):
            if entry.plugin and entry.plugin.fetch.startswith("bench weights fetch "):
                release = find_release(entry.plugin.fetch.split()[3])
                assert release.file_name == entry.plugin.weights


def test_the_list_says_what_is_here(tmp_path: Path) -> None:
    (tmp_path / "graph_unoptimized.pb").touch()
    rows = json.loads(invoke("weights", "list", "--out", tmp_path, "--json"))["rows"]
    paths = {row["name"]: row["path"] for row in rows}
    assert paths.pop("glow-celebahq256") == str(tmp_path / "graph_unoptimized.pb")
    assert set(paths.values()) == {None}
    table = invoke("weights", "list", "--out", tmp_path)
    assert re.search(r"glow-celebahq256 .* MIT +yes", table)


def test_releases_share_no_name_and_no_file() -> None:
    assert len({release.name for release in RELEASES}) == len(RELEASES)
    assert len({release.file_name for release in RELEASES}) == len(RELEASES)
    assert all(release.licence for release in RELEASES)


def test_a_mistyped_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(BenchError, match="did you mean 'glow-celebahq256'"):
        find_release("glow-celebahq")


@pytest.mark.parametrize("command", ["list", "fetch"])
def test_each_command_explains_itself_with_an_example(command: str) -> None:
    text = invoke("weights", command, "--help")
    assert f"bench weights {command}" in text
    assert "Example" in text
