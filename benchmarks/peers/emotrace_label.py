"""Label a clip with this project: `python -m benchmarks.peers.emotrace_label CLIP TIMELINE.json OUT.mp4 PRESET`."""

import json
import sys
from pathlib import Path

from inference.export.codec import decode_timeline
from inference.media.encoders import x264
from inference.media.render import render


def main() -> None:
    clip, timeline, out, preset = sys.argv[1:]
    render(Path(clip), decode_timeline(json.loads(Path(timeline).read_text())), Path(out), encoder=x264(preset))


if __name__ == "__main__":
    main()
