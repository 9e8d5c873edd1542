"""What reports of measurements say of their circumstances, and where they go."""

import os
import platform
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELIABILITY = ROOT / "docs/reliability.md"


def commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def circumstances() -> str:
    """The machine, what else it does at this moment, and the code."""
    load = f"{os.getloadavg()[0]:.1f}"
    return f"{os.cpu_count()} CPU cores ({platform.machine()}) under a load of {load}; commit {commit()}"


def put(document: Path, mark: str, text: str) -> None:
    """Put the text between `<!-- mark -->` and `<!-- /mark -->`."""
    between = re.compile(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", re.DOTALL)
    document.write_text(between.sub(lambda _: text, document.read_text()))
