"""Label a clip with OpenCV: `python opencv_label.py CLIP LABELS.json OUT.mp4`. OpenCV copies no sound.

LABELS.json is a list of start (s), end (s) and text.
"""

import json
import sys
from pathlib import Path

import cv2


def main() -> None:
    clip, labels, out = sys.argv[1:]
    segments = json.loads(Path(labels).read_text())
    video = cv2.VideoCapture(clip)
    fps = video.get(cv2.CAP_PROP_FPS)
    size = int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT))
    # The package on PyPI has no encoder of H.264.
    writer = cv2.VideoWriter(out, cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    number = 0
    while True:
        there, frame = video.read()
        if not there:
            break
        while segments[1:] and number / fps >= segments[0][1]:
            segments = segments[1:]
        text = segments[0][2]
        (width, height), baseline = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.5, 3)
        cv2.rectangle(frame, (20, 20), (40 + width, 40 + height + baseline), (0, 0, 0), cv2.FILLED)
        cv2.putText(frame, text, (30, 30 + height), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (255, 255, 255), 3, cv2.LINE_AA)
        writer.write(frame)
        number += 1
    writer.release()


if __name__ == "__main__":
    main()
