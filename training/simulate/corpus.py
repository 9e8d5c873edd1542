"""A simulated corpus in EAV's layout, made of faces, speech and simulated EEG.

A subject has one simulated head, speaks with the voice of one RAVDESS actor and shows another FER-2013 face in each
trial, always of the trial's emotion. A score on it shows that the program works, not how well emotions are recognised.
"""

import logging
import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
import torch
from scipy.io import savemat

from inference.eeg import CHANNELS, EAV_SAMPLES, LABEL_ROWS, TRIAL_S
from inference.hashing import sha256_file
from training.data import eav, fer2013, ravdess
from training.data.synthetic_pairs import FACE_OF, moving_head_parts
from training.errors import DatasetError
from training.simulate.eeg import record, session, simulate_subject

log = logging.getLogger(__name__)

FPS = 30
WIDTH, HEIGHT = 640, 480
HEAD = 240  # pixels
BACKGROUND = 96  # grey
SOUND_RATE = 22050
SAMPLES = round(TRIAL_S * SOUND_RATE)


@dataclass(frozen=True)
class Trial:
    """`number` counts from 1, `place` from 1 within its conversation, `recording` seeds the EEG; emotions as in EAV."""

    number: int
    place: int
    spoken: bool
    emotion: int
    recording: int

    @property
    def name(self) -> str:
        """The stem of its files, as EAV names them."""
        task = "Speaking" if self.spoken else "Listening"
        return f"{self.number:03d}_Trial_{self.place:02d}_{task}_{eav.EMOTIONS[self.emotion]}"


@dataclass(frozen=True)
class Sources:
    """Faces and speech that the corpus is made of."""

    faces: fer2013.Faces
    clips: list[ravdess.Clip]

    @property
    def actors(self) -> list[int]:
        """The actors of the clips, sorted."""
        return sorted({clip.actor for clip in self.clips})


def trials(per_class: int) -> list[Trial]:
    """EAV's session, cut to the first `per_class` exchanges of each emotion: listened to, then spoken."""
    order = session()
    kept = [index for index, emotion in enumerate(order) if order[:index].count(emotion) < per_class]
    return [
        Trial(
            number=2 * pair + spoken + 1,
            place=2 * (index % 5) + spoken + 1,
            spoken=bool(spoken),
            emotion=order[index],
            recording=index if spoken else len(order) + index,
        )
        for pair, index in enumerate(kept)
        for spoken in (0, 1)
    ]


def write(out: Path, faces: Path, speech: Path, subjects: int, per_class: int, seed: int) -> None:
    """Write subjects 1 to `subjects` below `out`; existing ones stay as they are.

    `faces` is a FER-2013 npz, or its csv, of which PublicTest is shown; `speech` a RAVDESS speech folder.
    Raises DatasetError if they cannot be read or lack an emotion, and if `out` was begun with others.
    """
    sources = Sources(fer2013.read(faces, "PublicTest"), ravdess.read_clips(speech))
    for label in eav.LABELS:
        if not len(sources.faces.of(FACE_OF.get(label, label))):
            raise DatasetError(f"{faces}: no faces for the label {label}")
        silent = [a for a in sources.actors if not any((c.actor, c.label) == (a, label) for c in sources.clips)]
        if silent:
            raise DatasetError(f"{speech}: no clips for the label {label} of actors {silent}")
    _describe(out, faces, sources, per_class, seed)
    for number in range(1, subjects + 1):
        folder = out / f"subject{number}"
        if folder.exists():
            log.info("subject %d of %d is there", number, subjects)
            continue
        partial = out / f".{folder.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        _write_subject(partial, number, trials(per_class), sources, seed)
        partial.rename(folder)
        log.info("subject %d of %d is made", number, subjects)


def _describe(out: Path, faces: Path, sources: Sources, per_class: int, seed: int) -> None:
    """Write README.txt, which also tells whether a corpus was begun in the same way."""
    readme = out / "README.txt"
    text = _README.format(
        trials=10 * per_class,
        faces=f"{faces.name}, {len(sources.faces)} faces, sha256 {sha256_file(faces)}",
        clips=len(sources.clips),
        actors=", ".join(map(str, sources.actors)),
        seed=seed,
    )
    if readme.exists():
        if readme.read_text(encoding="utf-8") != text:
            raise DatasetError(f"{readme}: begun with other faces, speech, trials or seed; choose another folder")
        return
    if any(out.glob("[Ss]ubject*")):
        raise DatasetError(f"{out}: holds subjects that were not made here; choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    readme.write_text(text, encoding="utf-8")


def _write_subject(folder: Path, number: int, made: list[Trial], sources: Sources, seed: int) -> None:
    for part in ("Video", "Audio", "EEG"):
        (folder / part).mkdir(parents=True)
    actor = sources.actors[(number - 1) % len(sources.actors)]
    shown = _drawn_faces(sources.faces, made, number, seed)
    subject = simulate_subject(number, seed)
    seg1 = np.empty((EAV_SAMPLES, len(CHANNELS), len(made)), np.float32, order="F")
    label = np.zeros((LABEL_ROWS, len(made)))
    for trial, face in zip(made, shown, strict=True):
        rng = np.random.default_rng((seed, number, trial.number, 1))
        sound = None
        if trial.spoken:
            emotion = eav.LABELS[trial.emotion]
            clips = [clip for clip in sources.clips if (clip.actor, clip.label) == (actor, emotion)]
            sound = _speech(clips, rng)
            soundfile.write(folder / "Audio" / f"{trial.name}_aud.wav", sound, SOUND_RATE, subtype="PCM_16")
        _write_video(folder / "Video" / f"{trial.name}.mp4", sources.faces.images[face], sound, rng)
        seg1[:, :, trial.number - 1] = record(subject, trial.emotion, trial.recording).T
        label[2 * trial.emotion + trial.spoken, trial.number - 1] = 1
        if trial.number % 10 == 0:
            log.info("subject %d: trial %d of %d", number, trial.number, len(made))
    savemat(folder / "EEG" / f"subject{number}_eeg.mat", {"seg1": seg1})
    savemat(folder / "EEG" / f"subject{number}_eeg_label.mat", {"label": label})


def _drawn_faces(faces: fer2013.Faces, made: list[Trial], number: int, seed: int) -> np.ndarray:
    """A face of its label for each trial: none is shown for two subjects, or twice, while others are left."""
    labels = [FACE_OF.get(eav.LABELS[trial.emotion], eav.LABELS[trial.emotion]) for trial in made]
    drawn = np.empty(len(made), np.int64)
    for label in set(labels):
        pool = np.random.default_rng((seed, fer2013.LABELS.index(label))).permutation(faces.of(label))
        places = [place for place, own in enumerate(labels) if own == label]
        drawn[places] = pool[(np.arange(len(places)) + (number - 1) * len(places)) % len(pool)]
    return drawn


def _speech(clips: list[ravdess.Clip], rng: np.random.Generator) -> np.ndarray:
    """Clips one after the other, none again before all were heard: (SAMPLES,) float32; the last is cut."""
    heard: list[np.ndarray] = []
    length = 0
    while length < SAMPLES:
        for index in rng.permutation(len(clips)):
            sound = ravdess.read_sound(clips[index], SOUND_RATE)
            if not len(sound):
                raise DatasetError(f"{clips[index].path}: holds no sound")
            heard.append(sound)
            length += len(sound)
    return np.concatenate(heard)[:SAMPLES]


def _write_video(path: Path, face: np.ndarray, sound: np.ndarray | None, rng: np.random.Generator) -> None:
    """TRIAL_S of the face moving on grey, second by second; without `sound` there is no sound track."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    canvas = np.full((HEIGHT, WIDTH, 3), BACKGROUND, np.uint8)
    top, left = (HEIGHT - HEAD) // 2, (WIDTH - HEAD) // 2
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        picture = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        track = None if sound is None else container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        shown = 0
        for second, part in enumerate(moving_head_parts(face, generator, HEAD, round(FPS * TRIAL_S), FPS)):
            for head in (part[:, 0] * 255).round().byte().numpy():
                canvas[top : top + HEAD, left : left + HEAD] = head[:, :, None]
                frame = av.VideoFrame.from_ndarray(canvas, format="rgb24")
                frame.pts, frame.time_base = shown, Fraction(1, FPS)
                container.mux(picture.encode(frame))
                shown += 1
            if sound is not None and track is not None:
                first = second * SOUND_RATE
                piece = av.AudioFrame.from_ndarray(sound[None, first : first + SOUND_RATE], format="flt", layout="mono")
                piece.sample_rate, piece.pts, piece.time_base = SOUND_RATE, first, Fraction(1, SOUND_RATE)
                container.mux(track.encode(piece))
        container.mux(picture.encode(None))
        if track is not None:
            container.mux(track.encode(None))


_README = """\
SIMULATED AND COMPOSED DATA. Nobody was recorded for this folder.

It has the layout of the EAV data set (Lee et al., Sci. Data 11, 1026, 2024), so that programs which read EAV can be
tried without it: {trials} trials of 20 s a person, half listened to and half spoken, in EAV's order of conversations.
It was written by `python -m training simulate`.

Video  One face photograph of FER-2013 a trial, of the trial's emotion (calm: a neutral face), moved like a head;
       640 x 480, 30 frames a second. Trials of one person show different people. Listening trials have no sound.
       In about one trial of eight MTCNN finds no face: FER-2013 holds drawings, half faces and dark ones.
Audio  Speech clips of RAVDESS of the trial's emotion, one after the other, the last one cut. {clips} clips of actors
       {actors} were at hand. Person 1 has the first one's voice, person 2 the
       second's, and from the first again after the last: people that far apart share a voice.
EEG    Simulated: 30 channels, 500 Hz, microvolt. Emotions change the power of its rhythms, as it was set.

Faces: {faces}.
       None is shown again before all of its emotion were.
Seed: {seed}

Face, voice and EEG never belonged to one person. A score on this folder says nothing about real people. FER-2013 and
RAVDESS keep their own terms (RAVDESS: CC BY-NC-SA 4.0; FER-2013: research use): do not pass the folder on without them.
"""
