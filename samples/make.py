"""Make the sample recording: `python -m samples.make` writes interview.mp4, .wav and _eeg.mat beside this file.

The face is the astronaut photograph of scikit-image (NASA, public domain), moved like a head
in front of a camera until the camera turns away; the voice is synthetic (espeak-ng has to be installed); the EEG is
simulated. None of it shows what anybody felt. It needs what requirements-dev.txt names.
"""

import subprocess
from pathlib import Path

import cv2
import librosa
import numpy as np
import soundfile
from imageio_ffmpeg import write_frames
from skimage.data import astronaut

from training.simulate.sample import write_sample

HERE = Path(__file__).parent
SECONDS = 24.0
FPS = 25
SIZE = (640, 480)
RATE = 22050
FACE = (224, 110)  # centre of the face in the photograph, pixels
SPEECH_S = 18.0  # then silence
AWAY_S = 13.0  # when the camera starts to turn away from the face
AWAY = 290  # pixels of the photograph by which it turns down

# Text, then espeak-ng's pitch (0..99), words a minute and amplitude (0..200).
SPEECH = (
    ("Thank you for coming in today. Please tell me how your week has been.", 45, 150, 100),
    ("Oh, it was wonderful! We finally saw the sea, and everybody laughed the whole way home!", 75, 190, 150),
    ("But on Friday the letter came. I do not know what to say about that.", 25, 115, 70),
)


def voice() -> np.ndarray:
    """The sentences, each at the start of its share of the recording: (samples,) float32."""
    track = np.zeros(round(SECONDS * RATE), dtype=np.float32)
    share = SPEECH_S / len(SPEECH)
    for number, (text, pitch, words, amplitude) in enumerate(SPEECH):
        path = HERE / "sentence.wav"
        command = ["espeak-ng", "-v", "en-us+f3", "-p", str(pitch), "-s", str(words), "-a", str(amplitude)]
        subprocess.run([*command, "-w", str(path), text], check=True)
        sound, _ = librosa.load(path, sr=RATE)
        path.unlink()
        first = round((number * share + 0.3) * RATE)
        sound = sound[: round((share - 0.4) * RATE)]
        track[first : first + len(sound)] = sound
    return track


def frame(time: float) -> np.ndarray:
    """The picture at `time` seconds: RGB uint8 (480, 640, 3)."""
    zoom = 2.0 + 0.15 * np.sin(time / 3)
    angle = 4 * np.sin(time / 1.7)
    turned = np.clip((time - AWAY_S) / 1.5, 0, 1)
    centre = (FACE[0], FACE[1] + AWAY * turned**2 * (3 - 2 * turned))
    transform = cv2.getRotationMatrix2D(centre, angle, zoom)
    transform[:, 2] += (
        SIZE[0] / 2 - centre[0] + 18 * np.sin(time / 1.1),
        SIZE[1] * 0.45 - centre[1] + 8 * np.sin(time / 0.7),
    )
    return cv2.warpAffine(astronaut(), transform, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def write_video(path: Path, sound: Path, seconds: float = SECONDS) -> None:
    """Write the first `seconds` of the picture with the WAV file `sound` as H.264 and AAC."""
    writer = write_frames(
        str(path),
        SIZE,
        fps=FPS,
        quality=None,  # -crf says it
        codec="libx264",
        audio_path=str(sound),
        audio_codec="aac",
        output_params=["-crf", "28", "-b:a", "64k", "-movflags", "+faststart"],
    )
    writer.send(None)
    for number in range(round(seconds * FPS)):
        writer.send(frame(number / FPS))
    writer.close()


def main() -> None:
    wav = HERE / "interview.wav"
    soundfile.write(wav, voice(), RATE, subtype="PCM_16")
    write_video(HERE / "interview.mp4", wav)
    write_sample(HERE / "interview_eeg.mat")


if __name__ == "__main__":
    main()
