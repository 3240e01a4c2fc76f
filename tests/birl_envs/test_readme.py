from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "envs" / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("code", [block for block in BLOCKS if ".learn(" not in block])
def test_the_readmes_code_runs(code: str):
    exec(compile(code.replace("levels=100", "levels=2"), str(README), "exec"), {})


def test_the_readme_names_every_file():
    text = README.read_text(encoding="utf-8")
    files = {path.name for path in (README.parent / "birl_envs").glob("*.py")} - {"__init__.py"}
    assert files == {name for name in files if f"`{name}`" in text}
