"""Real programs, good and bad, behind the JSON lines of the method ``command``."""

from __future__ import annotations

import dataclasses
import gc
import json
import math
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.errors import BenchError
from bench.methods.command import Command, _command_line
from bench.methods.pixel_arith import PixelArithmetic
from bench.run.outputs import Output, call_method

SIZE = 16

READY = '{"ready": True, "name": "tester", "version": "1.0", "has_alpha": True}'

ARITHMETIC = f"""
import json, os, sys, time

def make(request):
    # Here, since a program that is started many times should start fast.
    import numpy as np
    from PIL import Image

    def image(path):
        return np.asarray(Image.open(path)).astype(np.float32) / 255.0

    def mean(paths):
        return np.mean([image(path) for path in paths], axis=0)

    change = image(request["source"]) - mean(request["source_reference"])
    made = np.clip(mean(request["target_reference"]) + request["alpha"] * change, 0.0, 1.0)
    pixels = np.round(made * 255.0).astype(np.uint8)
    Image.fromarray(pixels).save(request["output"])
    return {{"id": request["id"], "status": "ok"}}

def say(message):
    print(json.dumps(message), flush=True)

hello = json.loads(sys.stdin.readline())
say({READY})
count = 0
for line in sys.stdin:
    request = json.loads(line)
    count += 1
"""


@pytest.fixture
def start(context, tmp_path) -> Callable[..., Command]:
    """Starts a program whose last lines are given: what it does with ``request``."""

    def run(body: str, head: str = ARITHMETIC, **parameters: float) -> Command:
        path = tmp_path / "my program.py"
        path.write_text(head + "".join(f"    {line}\n" for line in body.splitlines()))
        words = shlex.join([sys.executable, str(path)])
        method = Command(program=words, **{"timeout": 20.0, **parameters})
        method.prepare(context)
        return method

    return run


def outcomes(method: Command, requests) -> list[Output]:
    return call_method(method, requests, SIZE)


def is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    assert state != "Z", "a zombie is left"
    return True


def wait_until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10.0
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_program_that_does_pixel_arithmetic_makes_its_images(start, context, request_for):
    requests = [request_for(s, t, a) for s in "ab" for t in "bcd" for a in (0.0, 0.4, 1.5)]
    builtin = PixelArithmetic()
    builtin.prepare(context)
    made = outcomes(start("say(make(request))"), requests)
    for output, expected in zip(made, outcomes(builtin, requests), strict=True):
        np.testing.assert_array_equal(output.pixels, expected.pixels)


def test_the_program_tells_its_card(start, request_for):
    method = start("", ARITHMETIC.replace('"has_alpha": True', '"has_alpha": False'))
    assert not method.card.has_alpha
    assert "tester 1.0" in method.card.description
    assert Command.card.has_alpha


def test_its_file_and_its_version_are_part_of_the_run_s_identity(context, tmp_path):
    def fingerprint(text: str) -> dict[str, str]:
        path = tmp_path / "program.py"
        path.write_text(text)
        return dict(Command(f"{sys.executable} {path}").prepare(context))

    plain = fingerprint(ARITHMETIC + "    pass\n")
    assert fingerprint(ARITHMETIC + "    pass\n") == plain
    edited = fingerprint(ARITHMETIC + "    continue\n")
    changed = {name for name in plain if plain[name] != edited[name]}
    assert changed == {"program_files_sha256"}
    newer = fingerprint(ARITHMETIC.replace('"1.0"', '"2.0"') + "    pass\n")
    assert newer["program_version"] == "2.0"


def test_it_is_told_the_development_faces_and_no_name_of_a_test_face(
    context, faces, request_for, tmp_path
):
    seen = tmp_path / "seen.json"
    path = tmp_path / "program.py"
    body = f"    open({str(seen)!r}, 'w').write(json.dumps([hello, request])); say(make(request))\n"
    path.write_text(ARITHMETIC + body)
    method = Command(f"{sys.executable} {path}")
    dev = [face for key, face in faces.items() if key[0] in "cd"]
    method.prepare(dataclasses.replace(context, development=lambda: dev, seed=7))
    method.transfer([request_for("a", "b", 0.5)])
    hello, request = json.loads(seen.read_text())
    assert {hello[k] for k in ("bench", "resolution", "seed")} == {1, SIZE, 7}
    folder = Path(hello["development"])
    listed = [json.loads(line) for line in (folder / "faces.jsonl").read_text().splitlines()]
    assert [(row["identity"], row["sample"]) for row in listed] == [face.key for face in dev]
    assert [row["sample"] for row in listed if row["is_neutral"]] == ["neutral"] * 2
    for row, face in zip(listed, dev, strict=True):
        np.testing.assert_array_equal(Image.open(row["path"]), face.pixels)
    source, reference = request["source"], request["target_reference"][1]
    np.testing.assert_array_equal(Image.open(source), faces["a", "smiling"].pixels)
    np.testing.assert_array_equal(Image.open(reference), faces["b", "neutral-2"].pixels)
    assert "smiling" not in json.dumps(request)
    assert Path(source).parent.parent == Path(request["output"]).parent == folder.parent


def test_relative_files_of_the_command_line_are_found(context, request_for, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("program.py").write_text(ARITHMETIC + "    say(make(request))\n")
    Path("gain.txt").write_text("1")
    method = Command(f"{shlex.quote(sys.executable)} program.py gain.txt")
    method.prepare(context)
    assert [o.outcome for o in outcomes(method, [request_for("a", "b")])] == ["ok"]


def test_one_that_sleeps_has_the_outcome_timeout_and_is_started_anew(start, request_for):
    body = "time.sleep(60 if request['alpha'] == 0.5 else 0)\nsay(make(request))"
    method = start(body, timeout=1.0)
    made = outcomes(method, [request_for("a", "b", alpha) for alpha in (0.4, 0.5, 0.6)])
    assert [output.outcome for output in made] == ["ok", "timeout", "ok"]
    assert made[1].detail == "TimeoutError: no answer within 1 s"


def test_a_sample_that_failed_is_not_asked_for_twice(start, request_for, tmp_path):
    asked = tmp_path / "asked"
    body = f"""
open({str(asked)!r}, "a").write(f"{{request['alpha']}} ")
bad = request["alpha"] == 0.5
say({{"id": request["id"], "status": "error", "message": "no face"}} if bad else make(request))
"""
    method = start(body)
    made = outcomes(method, [request_for("a", "b", alpha) for alpha in (0.4, 0.5, 0.6)])
    assert [output.outcome for output in made] == ["ok", "method_error", "ok"]
    assert made[1].detail == "ProgramFailed: no face"
    assert asked.read_text().split() == ["0.4", "0.5", "0.6"]
    outcomes(method, [request_for("a", "b", 0.5)])
    assert asked.read_text().split() == ["0.4", "0.5", "0.6", "0.5"]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("timeout", "timeout"),
        ("invalid_output", "invalid_output"),
        ("method_error", "method_error"),
        ("ok", "method_error"),
    ],
)
def test_an_error_may_name_its_outcome(start, request_for, said, outcome):
    body = f"say({{'id': 1, 'status': 'error', 'message': 'no mouth', 'outcome': {said!r}}})"
    (output,) = outcomes(start(body), [request_for("a", "b")])
    assert output.outcome == outcome
    assert output.detail.endswith(": no mouth")


def test_one_that_crashes_at_the_third_request_is_started_once_more(start, request_for):
    body = "if count == 3: raise SystemExit(3)\nsay(make(request))"
    made = outcomes(start(body), [request_for("a", "b", alpha / 10) for alpha in range(7)])
    assert [output.outcome for output in made] == ["ok"] * 7


def test_a_sample_that_crashes_it_twice_has_the_last_line_of_stderr(start, request_for):
    body = "if request['alpha'] == 0.5: raise ValueError('no such layer')\nsay(make(request))"
    made = outcomes(start(body), [request_for("a", "b", alpha) for alpha in (0.4, 0.5, 0.6)])
    assert [output.outcome for output in made] == ["ok", "method_error", "ok"]
    assert made[1].detail == "ProgramFailed: it ended with status 1: ValueError: no such layer"


def test_a_signal_is_named(start, request_for):
    made = outcomes(start("os.kill(os.getpid(), 11)"), [request_for("a", "b")])
    assert made[0].detail == "ProgramFailed: it was ended by SIGSEGV"


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("loading 100 %", "ProgramFailed: no JSON object: "),
        ("[1]", "ProgramFailed: no JSON object: "),
        ('{"id": 99, "status": "ok"}', "ProgramFailed: no answer to the request 2: "),
        ('{"id": 2, "status": "done"}', "ProgramFailed: no answer to the request 2: "),
    ],
)
def test_garbage_is_quoted_and_does_not_shift_the_answers(start, request_for, line, detail):
    body = f"if request['alpha'] == 0.5: print({line!r}, flush=True)\nsay(make(request))"
    made = outcomes(start(body), [request_for("a", "b", alpha) for alpha in (0.4, 0.5, 0.6)])
    assert [output.outcome for output in made] == ["ok", "method_error", "ok"]
    assert made[1].detail.startswith(detail)
    assert f"'{line}'" in made[1].detail


def test_lists_nested_without_an_end_are_garbage(start, request_for):
    (made,) = outcomes(start("print('[' * 100_000, flush=True)"), [request_for("a", "b")])
    assert made.outcome == "method_error"
    assert made.detail.startswith("ProgramFailed: no JSON object: '[[[")


def test_a_line_without_an_end_and_bytes_that_are_no_text_are_garbage(start, request_for):
    endless = start("sys.stdout.write('x' * 3_000_000); sys.stdout.flush(); time.sleep(60)")
    assert "longer than" in outcomes(endless, [request_for("a", "b")])[0].detail
    binary = start("os.write(1, bytes([255, 254, 10]))")
    assert "utf-8" in outcomes(binary, [request_for("a", "b")])[0].detail


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("Image.new('RGB', (32, 32)).save(request['output'])", "wrong size: 32x32, expected 16x16"),
        ("Image.new('RGB', (16, 20)).save(request['output'])", "16x20, expected a square"),
        ("Image.new('L', (16, 16)).save(request['output'])", "is grey"),
        ("open(request['output'], 'w').write('<html>')", "is not an image"),
        ("pass", "is missing"),
    ],
)
def test_what_is_no_image_of_the_contract_is_an_invalid_output(start, request_for, body, detail):
    method = start(f"from PIL import Image\n{body}\nsay({{'id': request['id'], 'status': 'ok'}})")
    output = outcomes(method, [request_for("a", "b")])[0]
    assert output.outcome == "invalid_output"
    assert detail in output.detail
    assert "/" not in output.detail


def test_an_output_outside_of_its_folder_is_not_read(start, request_for, tmp_path):
    Image.new("RGB", (SIZE, SIZE)).save(tmp_path / "elsewhere.png")
    for path in (str(tmp_path / "elsewhere.png"), "../elsewhere.png"):
        method = start(f"say({{'id': request['id'], 'status': 'ok', 'output': {path!r}}})")
        output = outcomes(method, [request_for("a", "b")])[0]
        assert output.outcome == "invalid_output"
        assert "is missing" in output.detail
    assert (tmp_path / "elsewhere.png").exists()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("raise SystemExit('no weights at w.pt')", "before it was ready, it ended with status 1: "),
        ("print('hello', flush=True); input(); input()", "no JSON object: 'hello'"),
        ('print(\'{"ready": false, "message": "no GPU"}\', flush=True)', "not ready: 'no GPU'"),
        ("print('{\"ready\": true}', flush=True)", "no name or no has_alpha"),
    ],
)
def test_one_that_is_not_ready_says_why(context, tmp_path, program, message):
    path = tmp_path / "program.py"
    path.write_text(program)
    with pytest.raises(RuntimeError, match=message):
        Command(f"{sys.executable} {path}").prepare(context)


def test_one_that_is_never_ready_and_one_that_is_not_there(context, tmp_path):
    path = tmp_path / "program.py"
    path.write_text("import time; time.sleep(60)")
    with pytest.raises(TimeoutError, match=r"no answer within 0\.5 s"):
        Command(f"{sys.executable} {path}", start_timeout=0.5).prepare(context)
    with pytest.raises(FileNotFoundError, match="there is no program 'no-such-program'"):
        Command("no-such-program --fast").prepare(context)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "it needs --param program="),
        ({"program": "python 'x"}, "is no command line: No closing quotation"),
        ({"program": "python x.py", "timeout": 0.0}, "seconds above 0"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        Command(**parameters)


def test_no_shell_sees_the_command_line(context, tmp_path):
    with pytest.raises(RuntimeError):
        Command(f"{sys.executable} -c pass ; touch {tmp_path}/touched").prepare(context)
    assert not (tmp_path / "touched").exists()


def test_what_a_shell_would_run_reaches_the_program_as_it_is(context, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "program.py"
    program.write_text(
        "import json, sys\n"
        "open(sys.argv[1], 'w').write(json.dumps(sys.argv[2:]))\n"
        "json.loads(sys.stdin.readline())\n"
        f"print(json.dumps({READY}), flush=True)\n"
        "sys.stdin.read()\n"
    )
    words = [
        "$(touch made)", "`touch made`", "; touch made", "&& touch made", "| touch made",
        "> made", "$HOME", "*", "~", "%PATH%", "!!", "a\nb", "'", '"', "\\", "",
    ]  # fmt: skip
    line = shlex.join([sys.executable, str(program), str(tmp_path / "seen"), *words])
    Command(line).prepare(context)
    assert json.loads((tmp_path / "seen").read_text()) == words
    assert not (tmp_path / "made").exists()


def test_one_that_floods_stderr_does_not_block(start, request_for):
    body = "sys.stderr.write('warning ' * 500_000); sys.stderr.flush()\nsay(make(request))"
    made = outcomes(start(body), [request_for("a", "b", alpha) for alpha in (0.4, 0.5)])
    assert [output.outcome for output in made] == ["ok", "ok"]


def test_one_that_answers_nothing_any_more_is_given_up(start, request_for, tmp_path):
    started = tmp_path / "started"
    head = f"open({str(started)!r}, 'a').write('x')\n" + ARITHMETIC
    method = start("raise SystemExit('out of memory')", head)
    people = [(source, target) for source in "ab" for target in "abcd"]
    made = outcomes(method, [request_for(*people[0], alpha / 10) for alpha in range(9)])
    assert {output.outcome for output in made} == {"method_error"}
    assert "out of memory" in made[0].detail
    assert made[2].detail == made[8].detail
    assert made[8].detail == "ProgramFailed: not asked: no answer to 2 requests for this pair"
    for pair in people[1:5]:
        outcomes(method, [request_for(*pair)])
    assert len(started.read_text()) == 1 + 2 * (2 + 4) - 1
    with pytest.raises(BenchError, match="did not answer for 5 pairs in a row"):
        outcomes(method, [request_for(*people[5])])


def test_a_pair_at_which_it_always_ends_harms_no_other(start, request_for, tmp_path):
    body = f"""
bad = {str(tmp_path / "bad")!r}
if not os.path.exists(bad):
    open(bad, "w").write(request["source"])
if open(bad).read() == request["source"]:
    raise SystemExit("not this face")
say(make(request))
"""
    requests = [request_for(s, "d", alpha / 10) for s in "abab" for alpha in range(4)]
    made = outcomes(start(body), requests)
    assert [output.outcome for output in made] == (["method_error"] * 4 + ["ok"] * 4) * 2


def test_it_may_show_the_very_picture_that_it_was_given(start, request_for):
    body = """
os.symlink(request["target_reference"][0], request["output"])
say({"id": request["id"], "status": "ok"})
"""
    method = start(body)
    requests = [request_for("a", "b", alpha) for alpha in (0.0, 1.0)]
    for request in requests:
        np.testing.assert_array_equal(
            outcomes(method, [request])[0].pixels, request.target_reference[0].pixels
        )


def test_no_limit_is_a_limit_that_is_never_reached(start, request_for):
    method = start("say(make(request))", timeout=math.inf, start_timeout=math.inf)
    assert outcomes(method, [request_for("a", "b")])[0].outcome == "ok"


def test_what_the_command_line_names_is_found_and_part_of_the_identity(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    for name in ("my.py", "my.pt", "weights/b.pt", "weights/a.pt"):
        (tmp_path / name).write_text(name)
    words, files = _command_line(f"python my.py --weights=my.pt weights '' {'x' * 300} --n=1")
    assert words == [
        *("python", f"{tmp_path}/my.py", f"--weights={tmp_path}/my.pt", f"{tmp_path}/weights"),
        *("", "x" * 300, "--n=1"),
    ]
    assert [str(path.relative_to(tmp_path)) for path in files] == [
        *("my.py", "my.pt", "weights/a.pt", "weights/b.pt"),
    ]


def test_the_program_and_its_children_end_with_the_method(start, request_for, tmp_path):
    ids = tmp_path / "ids"
    body = f"""
import subprocess
child = subprocess.Popen(["sleep", "300"])
open({str(ids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
say(make(request))
"""
    method = start(body)
    method.transfer([request_for("a", "b")])
    program, child = map(int, ids.read_text().split())
    folder = Path(method._folder)
    assert is_running(program)
    assert is_running(child)
    del method
    gc.collect()
    assert wait_until(lambda: not is_running(program))
    # The child is nobody's here: whoever is process 1 buries it.
    assert wait_until(lambda: "sleep" not in _name(child))
    assert not folder.exists()


def _name(process_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_it_ends_with_python_even_if_it_ignores_the_end_of_its_input(tmp_path):
    import subprocess

    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, sys, time\n"
        "print(json.dumps({'ready': True, 'name': str(os.getpid()), 'has_alpha': True}),"
        " flush=True)\n"
        "time.sleep(300)\n"
    )
    script = f"""
from bench.methods.command import Command
from bench.plugins.contracts import MethodContext
method = Command({f"{sys.executable} {program}"!r})
said = method.prepare(MethodContext("d", 16, "cpu", 0, list, None, None, None))
print(said["program_name"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert not is_running(int(done.stdout))
