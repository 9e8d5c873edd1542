"""Label a clip with moviepy 2: `python moviepy_label.py CLIP LABELS.json OUT.mp4 FONT PRESET`.

LABELS.json is a list of start (s), end (s) and text.
"""

import json
import sys
from pathlib import Path

from moviepy import CompositeVideoClip, TextClip, VideoFileClip  # type: ignore[import-not-found]


def main() -> None:
    clip, labels, out, font, preset = sys.argv[1:]
    video = VideoFileClip(clip)
    texts = [
        TextClip(font=font, text=text, font_size=50, color="white", bg_color="black")
        .with_start(start)
        .with_duration(end - start)
        .with_position((20, 20))
        for start, end, text in json.loads(Path(labels).read_text())
    ]
    CompositeVideoClip([video, *texts]).write_videofile(
        out, codec="libx264", preset=preset, audio_codec="aac", ffmpeg_params=["-crf", "23"], logger=None
    )


if __name__ == "__main__":
    main()
