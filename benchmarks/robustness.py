"""What models read in conditions that they meet in use: other channels, rooms, faces, and nobody at all.

`python -m benchmarks.robustness MODEL@VERSION ... --faces NPZ --votes NPZ --speech FOLDER ... [--recordings FOLDER]`
scores each model by the path that is deployed and writes benchmarks/robustness.md, one column a model. Scores that
were computed before are taken from runs/robustness as long as model, condition and data are the same.
"""

import argparse
import hashlib
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.empty_scenes import SCENES, write_scenes
from benchmarks.reporting import ROOT, circumstances
from inference import store
from inference.errors import InputError
from training.cli import DEGRADATIONS
from training.data import fer2013, ferplus
from training.data.speech_corpora import MANIFEST, SpeechClip
from training.errors import DatasetError
from training.evaluation import labelled_recordings
from training.evaluation.evaluate import EvaluationData, evaluate, fitted_speakers, read_data
from training.features.faces import shrink

REPORT = ROOT / "benchmarks/robustness.md"
CACHE = Path("runs/robustness")
SMALL = (24, 16)  # sides of small faces, pixels
CLEAN = "clean"

HEAD = """# Robustness

Written by `python -m benchmarks.robustness`. Every score is computed by the path that is deployed: a clip is written
as sound and analysed as an upload is, with level, voice detection, temperatures and segments. Undetermined is wrong.

- **telephone**: 300 to 3400 Hz, eight-bit mu-law. **reverb**: a room of 0.5 s. **babble**: six voices, 5 dB below.
  **trimmed**: without the silence at either end.
- **16 pixels**: faces of that side, enlarged again. **six agree**: images on which six of ten annotators or more agree.
- **Composed** clips join a voice with a face that moves between images of the same label, by FER-2013, and through
  neutral ones.
- A network that was fitted once more on everybody, after its scores were known, is measured as it was before.
- A row has at most {images} images or {clips} clips, spread evenly over labels; `n` is their number.
- ECE is the expected calibration error over 15 bins; valence and arousal are accuracies of three and two levels.
"""

log = logging.getLogger(__name__)
Scores = dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """A row of a table: its name, and the data that is scored."""

    name: str
    data: EvaluationData


def face_conditions(data: EvaluationData) -> list[Condition]:
    """Faces as they are, and as small faces of a picture are: without details, enlarged again."""
    assert data.faces is not None
    shrunk = [
        Condition(f"{side} pixels", replace(data, faces=shrink(data.faces, side), face_px=side)) for side in SMALL
    ]
    return [Condition(CLEAN, data), *shrunk]


def speech_conditions(data: EvaluationData) -> list[Condition]:
    """Clips as they are and with each of the fixed degradations."""
    degraded = [Condition(kind, replace(data, degradation=kind)) for kind in DEGRADATIONS]  # type: ignore[arg-type]
    return [Condition(CLEAN, data), *degraded]


def fewer_faces(data: EvaluationData, most: int) -> EvaluationData:
    """At most `most` images with their votes, evenly from all, so that labels keep their shares."""
    assert data.faces is not None
    assert data.votes is not None
    chosen = np.linspace(0, len(data.faces) - 1, min(most, len(data.faces))).astype(int)
    faces = fer2013.Faces(data.faces.images[chosen], data.faces.labels[chosen])
    votes = ferplus.Votes(*(part[chosen] for part in (data.votes.labels, data.votes.rest, data.votes.group)))
    return replace(data, faces=faces, votes=votes)


def thinned(clips: Sequence[SpeechClip], most: int) -> list[SpeechClip]:
    """At most `most` clips, evenly from the clips in order of label, so that labels keep their shares."""
    ordered = sorted(clips, key=lambda clip: (clip.label, clip.speaker, clip.path.name))
    step = max(1.0, len(ordered) / most)
    return [ordered[int(number * step)] for number in range(min(most, len(ordered)))]


def remembered(model: store.StoredModel, what: Sequence[object], compute: Callable[[], Scores]) -> Scores:
    """The scores of a model, from the cache where it has them."""
    spec = hashlib.sha256((model.directory / "spec.json").read_bytes()).hexdigest()
    digest = hashlib.sha256(json.dumps([spec, *what], default=str).encode()).hexdigest()
    path = CACHE / f"{digest[:16]}.json"
    if not path.is_file():
        found = compute()
        CACHE.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
    remembered: Scores = json.loads(path.read_text())
    return remembered


def score(model: store.StoredModel, condition: Condition) -> Scores:
    """The scores of all parts of a condition."""
    data = condition.data
    images = hashlib.sha256(data.faces.images.tobytes()).hexdigest() if data.faces else None
    clips = [(clip.path.resolve(), clip.label) for clip in data.clips]
    what = (images, data.votes is not None, clips, data.degradation)
    return remembered(model, what, lambda: evaluate(model, data))


# A column of a table: its title, and what it shows of a score.
Column = tuple[str, Callable[[Scores], str]]


def share(*keys: str) -> Callable[[Scores], str]:
    """A cell that holds the number under `keys` as a percentage."""

    def cell(scores: Scores) -> str:
        found: Any = scores
        for key in keys:
            found = (found or {}).get(key)
        return "" if found is None else f"{found:.1%}"

    return cell


def number(*keys: str) -> Callable[[Scores], str]:
    """A cell that holds the number under `keys`, with three decimals."""

    def cell(scores: Scores) -> str:
        found: Any = scores
        for key in keys:
            found = found[key]
        return f"{found:.3f}"

    return cell


FACES: tuple[Column, ...] = (
    ("FER-2013's label", share("accuracy")),
    ("FER+ majority", share("votes", "accuracy")),
    ("six agree", share("votes", "accuracy_six")),
    ("valence", share("valence")),
    ("arousal", share("arousal")),
    ("ECE", number("ece")),
)
SPEECH: tuple[Column, ...] = (
    ("accuracy", share("accuracy")),
    ("mean recall", share("recall")),
    ("valence", share("valence")),
    ("arousal", share("arousal")),
    ("ECE", number("ece")),
)
PAIRS: tuple[Column, ...] = (
    ("both", share("accuracy")),
    ("voice alone", share("missing", "A")),
    ("face alone", share("missing", "V")),
    ("valence", share("valence")),
    ("arousal", share("arousal")),
    ("ECE", number("ece")),
)


def table(columns: Sequence[Column], rows: Sequence[tuple[str, Sequence[Scores]]], models: Sequence[str]) -> str:
    """A row a condition; in each cell the models' values, one after the other."""
    titles = [title for title, _ in columns]
    lines = [
        "| condition | n | " + " | ".join(titles) + " |",
        "| --- " * (len(titles) + 2) + "|",
    ]
    for name, found in rows:
        cells = [" → ".join(cell(scores) or "–" for scores in found) for _, cell in columns]
        counts = " → ".join(dict.fromkeys(str(scores["n"]) for scores in found))
        lines.append(f"| {name} | {counts} | " + " | ".join(cells) + " |")
    return "\n".join((f"Each cell: {' → '.join(models)}.\n", *lines))


def recordings_table(found: Sequence[Scores], models: Sequence[str]) -> str:
    """A row a recording with each model's label and confidence."""
    lines = ["| recording | labelled | " + " | ".join(models) + " |", "| --- " * (len(models) + 2) + "|"]
    for each in zip(*(scores["recordings"] for scores in found), strict=True):
        said = " | ".join(
            f"{one['label']} {one['confidence']:.2f}" if one["confidence"] else one["label"] for one in each
        )
        lines.append(f"| {each[0]['file']} | {each[0]['true']} | {said} |")
    wrong = " → ".join(str(scores["confident_wrong"]) for scores in found)
    right = " → ".join("–" if s["undetermined_right"] is None else f"{s['undetermined_right']:.0%}" for s in found)
    lines.append(f"\nConfidently wrong (another label at 0.7 or more): {wrong}. Undetermined where nobody is: {right}.")
    return "\n".join(lines)


def fitted_share(model: store.StoredModel, clips: Sequence[SpeechClip]) -> str:
    """How many of the clips are of speakers that the model was fitted on."""
    fitted = sum(clip.speaker in fitted_speakers(model) for clip in clips)
    return f"{fitted} of {len(clips)} by {model}" + (" (**its scores on them are too good**)" if fitted else "")


def report(models: Sequence[store.StoredModel], options: argparse.Namespace) -> str:
    """The whole report, Markdown."""
    names = [str(model) for model in models]

    def rows(conditions: Sequence[Condition], part: str) -> list[tuple[str, list[Scores]]]:
        found = []
        for condition in conditions:
            log.info("%s, %s", part, condition.name)
            found.append((condition.name, [score(model, condition)[part] for model in models]))
        return found

    faces = fewer_faces(read_data(options.faces, votes=options.votes), options.images)
    assert faces.faces is not None
    head = HEAD.format(images=options.images, clips=options.clips)
    parts = [
        f"{head}\nModels: {', '.join(names)}. Measured on {circumstances()}.\n",
        f"## Faces\n\n{options.faces.stem}, on which no model was fitted; FER-2013 repeats some images in two parts.\n",
        table(FACES, rows(face_conditions(faces), "faces"), names),
    ]
    for folder in options.speech:
        ravdess = not (folder / MANIFEST).is_file()
        data = read_data(speech=folder, actors=options.actors if ravdess else None)
        data = replace(data, clips=thinned(data.clips, options.clips), draws=1)
        if ravdess:
            data = replace(data, faces=faces.faces.part(0, 6))
        speakers = sorted({clip.speaker.split("/")[1] for clip in data.clips})
        fitted = ", ".join(fitted_share(model, data.clips) for model in models)
        parts += [
            f"\n## Speech: {data.clips[0].corpus}\n",
            f"Speakers: {', '.join(speakers)}. Clips of speakers that were fitted on: {fitted}.\n",
            table(SPEECH, rows(speech_conditions(data), "speech"), names),
        ]
        if ravdess:
            title = "\n## Composed clips: a face that moves and a voice of the same label\n"
            parts += [title, table(PAIRS, rows(speech_conditions(data), "composed"), names)]
    with tempfile.TemporaryDirectory() as folder:
        scenes = write_scenes(Path(folder))
        found = [
            remembered(model, ("scenes", SCENES), lambda model=model: labelled_recordings.evaluate(str(model), scenes))  # type: ignore[misc]
            for model in models
        ]
    parts += [
        "\n## Nobody to read\n",
        "Ten seconds each, made by `benchmarks/empty_scenes.py`.\n",
        recordings_table(found, names),
    ]
    for folder in options.recordings:
        found = [labelled_recordings.evaluate(str(model), folder) for model in models]
        parts += [f"\n## Recordings: {folder.name}\n", recordings_table(found, names)]
    return "\n".join(parts) + "\n"


def main() -> int:
    """Score and write the report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robustness", description=__doc__)
    parser.add_argument("models", nargs="+", help="NAME@VERSION, before and after")
    parser.add_argument("--faces", type=Path, required=True, help="FER-2013 npz")
    parser.add_argument("--votes", type=Path, required=True, help="FER+ votes for the same part")
    parser.add_argument("--speech", type=Path, nargs="+", required=True, help="folders of speech corpora")
    parser.add_argument("--actors", type=int, nargs="+", help="only these of RAVDESS")
    parser.add_argument("--recordings", type=Path, nargs="*", default=[], help="folders with labels.csv")
    parser.add_argument("--images", type=int, default=1200, help="faces, at most")
    parser.add_argument("--clips", type=int, default=48, help="clips of a corpus, at most")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        text = report([store.get(name) for name in options.models], options)
    except (DatasetError, InputError, store.StoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    REPORT.write_text(text)
    print(REPORT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
