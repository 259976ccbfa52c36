from __future__ import annotations

from pathlib import Path

import torch

from glow.comparison.machine import describe_machine, measure_matrix_peak


def test_processor_and_its_matrix_instructions(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(
        "processor\t: 0\nmodel name\t: Some Xeon\nflags\t\t: fpu avx512_bf16 amx_bf16 sse\n\n"
        "processor\t: 1\nmodel name\t: Other\n"
    )
    machine = describe_machine(path)
    assert (machine.processor, machine.instructions) == ("Some Xeon", ("avx512_bf16", "amx_bf16"))
    assert machine.torch == torch.__version__


def test_without_cpuinfo_there_is_still_a_name(tmp_path: Path) -> None:
    machine = describe_machine(tmp_path / "nothing")
    assert machine.processor
    assert "unknown instructions" in str(machine)


def test_the_peak_is_of_the_precision_asked_for() -> None:
    peak = measure_matrix_peak("fp32", sizes=(64,), repeats=2)
    assert peak.precision == "fp32"
    assert peak.gflops > 0.0
    assert peak.product in ("torch.mm, 64x64", "oneDNN, 64x64")
