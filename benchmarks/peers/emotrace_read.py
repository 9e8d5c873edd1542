"""Read a clip's timeline with this project: `python -m benchmarks.peers.emotrace_read CLIP`."""

import sys
from pathlib import Path

from inference.pipeline import analyse
from inference.types import Inputs


def main() -> None:
    analyse(Inputs(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
