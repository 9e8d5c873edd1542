"""Read emotions from the faces of a clip with fer: `python fer_read.py CLIP STEP_S`.

It reads one frame every STEP_S seconds; the frames between are decoded and not looked at.
"""

import sys

import cv2
from fer.fer import FER  # type: ignore[import-not-found]


def main() -> None:
    clip, step_s = sys.argv[1:]
    detector = FER()
    video = cv2.VideoCapture(clip)
    every = max(1, round(float(step_s) * video.get(cv2.CAP_PROP_FPS)))
    number = 0
    while video.grab():
        if number % every == 0:
            _, frame = video.retrieve()
            detector.detect_emotions(frame)
        number += 1


if __name__ == "__main__":
    main()
