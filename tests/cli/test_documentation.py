"""What the documentation shows works as it stands."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from bench.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]


def documented_commands() -> list[str]:
    texts = [(ROOT / page).read_text() for page in PAGES]
    lines = [line.strip(" `") for text in texts for line in text.splitlines()]
    return sorted({line for line in lines if re.match(r"(\.venv/bin/)?bench [a-z-]+ ?", line)})


def test_the_method_of_the_guide_runs(london_data: Path, weights_dir: Path, tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "add-a-method.md").read_text()
    code = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    (tmp_path / "my_method.py").write_text(code[0])
    command = [
        "run", "./my_method.py", "--param", "strength=0.8", "--benchmark", "london",
        "--data", str(london_data), "--limit", "4", "--alphas", "0,1", "--json",
    ]  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-m", "bench", *command],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    rows = {row["method"]: row for row in json.loads(result.stdout)["rows"]}
    assert rows["blend"]["coverage"] == 1.0


@pytest.mark.parametrize("command", documented_commands())
def test_every_command_in_the_documentation_parses(command: str) -> None:
    """Names and options exist; what they do is tested elsewhere."""
    _, *arguments = shlex.split(command)
    group = typer.main.get_command(app)
    while arguments and hasattr(group, "commands"):
        group = group.commands[arguments.pop(0)]
    known = {option for parameter in group.params for option in parameter.opts}
    for argument in arguments:
        if argument.startswith("-"):
            assert argument in known


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in t]
    paths = re.findall(r"\b(?:docs|tests|bench|glow|metrics)/[\w./-]+\.(?:md|py|csv)", text)
    for target in targets:
        assert ((ROOT / page).parent / target).exists(), target
    for path in paths:
        assert (ROOT / path).exists(), path
