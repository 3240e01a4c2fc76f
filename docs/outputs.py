"""Make again what the pages show of real runs: `python docs/outputs.py`, some minutes on one core."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
AGENT, TASK = "red-door-ppo-rho1-s0", "red-door"


def main() -> None:
    """Run the worked example and score the agent that `verdict.md` walks through."""
    quiet = {**os.environ, "PYGAME_HIDE_SUPPORT_PROMPT": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "80"}
    with tempfile.TemporaryDirectory() as folder:

        def shown(*command: str) -> bytes:
            return subprocess.run(
                [sys.executable, *command], cwd=folder, env=quiet, stdout=subprocess.PIPE, check=True
            ).stdout

        card = shown("-m", "birl.cli", "score", AGENT, "--task", TASK, "--figures", "figures")
        (DOCS / "examples" / "red_door.txt").write_bytes(card)
        (DOCS / "images" / "evidence.png").write_bytes((Path(folder) / "figures" / "evidence.png").read_bytes())
        (DOCS / "examples" / "own_world.txt").write_bytes(shown(str(DOCS / "examples" / "own_world.py")))


if __name__ == "__main__":
    main()
