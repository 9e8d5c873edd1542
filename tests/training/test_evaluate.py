"""What is scored is what is deployed: clips, degraded clips and whole recordings, read by inference."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import soundfile

from inference import store
from inference.model_spec import SmallFace, SupportInput
from inference.pipeline import analyse
from inference.types import UNDETERMINED, Inputs, Timeline, Window
from tests.inference import clips
from tests.inference.timelines import LABELS, timeline
from training import cli
from training.__main__ import main
from training.data.fer2013 import Faces
from training.data.speech_corpora import SpeechClip
from training.errors import DatasetError
from training.evaluation import evaluate, labelled_recordings
from training.evaluation.deployed import ClipAnalyser, Predictions, Sound, clip_label
from training.evaluation.evaluate import EvaluationData, joined_scores, read_sounds
from training.features.sound_augmentation import Degradation

RATE = 22050
MODEL = "intermediate-attention-8@1"


@pytest.fixture(scope="module")
def analyser() -> ClipAnalyser:
    return ClipAnalyser(store.get(MODEL))


def babbled(seconds: float, seed: int = 0) -> Sound:
    """Noise that swells and fades four times a second, as a voice does."""
    samples = round(seconds * RATE)
    swell = np.sin(4 * np.pi * np.arange(samples) / RATE) ** 2
    return Sound(0.2 * swell * np.random.default_rng(seed).standard_normal(samples), RATE)


def corpus(root: Path, labels: tuple[str, ...], speakers: tuple[str, ...] = ("a", "b")) -> Path:
    rows = []
    for number, (label, speaker) in enumerate((label, speaker) for speaker in speakers for label in labels):
        name = f"{speaker}/{number}.wav"
        (root / speaker).mkdir(parents=True, exist_ok=True)
        sound = babbled(0.5 + 0.1 * number, number)
        soundfile.write(root / name, sound.samples, RATE)
        rows.append((name, speaker, label))
    write_csv(root / "manifest.csv", ("file", "speaker", "label"), rows)
    return root


def write_csv(path: Path, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.mark.slow
def test_a_clip_is_scored_as_the_application_reads_it(analyser: ClipAnalyser, tmp_path: Path) -> None:
    sound, video = babbled(5.0), tmp_path / "black.mkv"
    soundfile.write(tmp_path / "sound.wav", sound.samples, RATE)
    clips.made(video, "-f", "lavfi", "-i", "color=black:size=64x64:rate=25:duration=5", "-i",
               str(tmp_path / "sound.wav"), "-c:v", "libx264", "-c:a", "copy")  # fmt: skip
    deployed, scored = analyse(Inputs(video), model=MODEL), analyser.analyse(sound)
    assert len(scored.windows) == len(deployed.windows) > 1
    for found, expected in zip(scored.windows, deployed.windows, strict=True):
        assert found.voice == expected.voice > 0
        np.testing.assert_allclose(found.logits, expected.logits, atol=1e-5)
    assert [one.label for one in scored.segments] == [one.label for one in deployed.segments]


def test_a_faint_clip_is_levelled_and_a_silent_one_undetermined(analyser: ClipAnalyser) -> None:
    sound = babbled(2.0)
    faint, nothing = Sound(sound.samples / 4, RATE), Sound(np.zeros(RATE), RATE)
    predictions = Predictions.of([analyser.analyse(each) for each in (sound, faint, nothing)])
    loud, quiet, silent = predictions.probabilities
    np.testing.assert_allclose(quiet, loud, atol=0.03)
    assert loud.sum() == pytest.approx(1, abs=1e-4) and not silent.any()
    assert predictions.predicted[2] == -1 and predictions.confidence[2] == 0


def test_a_face_that_neither_moves_nor_speaks_is_one_window(analyser: ClipAnalyser) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    windows = analyser.still_faces(crops)
    assert [(window.face, window.voice) for window in windows] == [(1.0, 0.0)] * 3
    (alone,) = analyser.still_faces(crops[1:2])
    np.testing.assert_allclose(alone.probabilities, windows[1].probabilities, atol=1e-5)


@pytest.mark.slow
def test_small_faces_are_scored_with_the_support_that_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    large, small = (ClipAnalyser(store.get(MODEL), face_px) for face_px in (100, 16))
    crops = np.random.default_rng(0).integers(0, 256, (15, 48, 48), dtype=np.uint8)
    support = SupportInput(small_face=SmallFace(small_px=16, large_px=64, temperature=4.0))
    for analyser in (large, small):
        monkeypatch.setattr(analyser.predictor, "support", support)
    still = [max(each.still_faces(crops[:1])[0].probabilities) for each in (large, small)]
    moving = [clip_label(each.analyse(Sound(np.zeros(round(3.6 * RATE)), RATE), crops))[1] for each in (large, small)]
    assert still[1] < still[0] - 0.05 and moving[1] < moving[0] - 0.05


def segments(*parts: tuple[float, str, float]) -> Timeline:
    """A timeline of parts, each with its length (s), label and confidence."""
    found, end = [], 0.0
    model = timeline().segments[0]
    for length, label, confidence in parts:
        rest = (1 - confidence) / (len(LABELS) - 1)
        shares = {one: confidence if one == label else rest for one in LABELS}
        part = replace(model, label=label, confidence=confidence, probabilities=shares)
        found.append(replace(part, start_s=end, end_s=end + length))
        end += length
    return replace(timeline(), media=replace(timeline().media, duration_s=end), segments=tuple(found))


def test_the_label_of_a_clip_is_that_of_most_of_its_time() -> None:
    changing = segments((2, "happy", 0.6), (3, "sad", 0.9), (2, "happy", 0.8), (1, UNDETERMINED, 0.0))
    label, confidence = clip_label(changing)
    assert label == "happy" and confidence == pytest.approx(0.7)
    predictions = Predictions.of([changing, segments((4, UNDETERMINED, 0.0))])
    assert predictions.predicted.tolist() == [LABELS.index("happy"), -1]
    np.testing.assert_allclose(predictions.probabilities[0], [0.75 / 7, 2.95 / 7, 3.3 / 7], atol=1e-4)
    assert not predictions.probabilities[1].any() and predictions.confidence[1] == 0


@pytest.mark.slow
def test_a_corpus_is_scored_clean_and_degraded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluate, "DRAWS", 2)
    root = corpus(tmp_path / "speech", ("happy", "sad", "neutral"))
    images = np.random.default_rng(0).integers(0, 256, (14, 48, 48), dtype=np.uint8)
    classes = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    np.savez(tmp_path / "faces.npz", images=images, labels=np.arange(14) % 7, classes=classes)
    command = ["evaluate", MODEL, "--speech", str(root), "--json"]
    assert main([*command, "--faces", str(tmp_path / "faces.npz")]) == 0
    clean = json.loads(capsys.readouterr().out)
    assert {part: score["n"] for part, score in clean.items()} == {"faces": 14, "speech": 6, "composed": 6}
    for score in clean.values():
        assert {"accuracy", "recall", "n", "ece", "by_label", "confusion"} <= score.keys()
    assert clean["composed"]["draws"] == 2 and clean["composed"]["missing"].keys() == {"AV", "A", "V"}
    assert clean["composed"]["missing"]["A"] == clean["speech"]["accuracy"]
    assert set(clean["speech"]["subjects"]) == {"speech/a", "speech/b"}
    recalls = [one["recall"] for one in clean["speech"]["by_label"].values() if one["n"]]
    assert len(recalls) == 3 and clean["speech"]["recall"] == pytest.approx(np.mean(recalls), abs=1e-4)
    assert main([*command, "--degrade", "reverb"]) == 0
    degraded = json.loads(capsys.readouterr().out)
    assert degraded.keys() == {"speech"}
    assert degraded["speech"]["calibration"] != clean["speech"]["calibration"]
    assert main([*command, "--joined", "speaker"]) == 0
    assert json.loads(capsys.readouterr().out)["speech"]["n"] == 6
    assert main(["evaluate", MODEL, "--faces", "x.npz", "--joined", "speaker"]) == 2
    assert "give --speech too" in capsys.readouterr().err


@pytest.mark.slow
def test_joined_clips_are_read_where_they_are_in_one_recording(
    analyser: ClipAnalyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = [(speaker, label) for speaker in ("a", "b") for label in ("happy", "sad")]
    clips = [SpeechClip(Path(), label, speaker, "c") for speaker, label in spoken]
    heard: list[tuple[Sequence[Sound], list[Window]]] = []
    plain = analyser.analyse_joined

    def noted(sounds: Sequence[Sound]) -> list[Window]:
        heard.append((sounds, plain(sounds)))
        return heard[-1][1]

    monkeypatch.setattr(analyser, "analyse_joined", noted)
    sounds = [Sound(np.full(round(seconds * RATE), 0.01), RATE) for seconds in (2.0, 6.0, 4.0, 3.0)]
    assert get_args(evaluate.Joined) == cli.JOINED
    joined_scores(analyser, clips, sounds, "speaker")
    for parts, windows in heard:
        end = 0.0
        for part, window in zip(parts, windows, strict=True):
            assert window.start_s + 1.8 == pytest.approx(max(1.8, end + part.seconds / 2), abs=0.13)
            end += part.seconds + 0.4
    assert [len(parts) for parts, _ in heard] == [2, 2]
    heard.clear()
    joined_scores(analyser, clips, sounds, "speaker-and-label")
    assert [len(parts) for parts, _ in heard] == [1, 1, 1, 1]


def test_degraded_sounds_depend_on_the_clip_and_not_on_the_run(tmp_path: Path) -> None:
    root = corpus(tmp_path, ("happy", "sad"))
    listed = [SpeechClip(path, "happy", path.parent.name, "c") for path in sorted(root.glob("*/*.wav"))]
    assert get_args(Degradation) == cli.DEGRADATIONS
    for kind in get_args(Degradation):
        once, again = (list(read_sounds(listed, kind)) for _ in range(2))
        for one, other in zip(once, again, strict=True):
            np.testing.assert_array_equal(one.samples, other.samples)
    plain, babble = (list(read_sounds(listed, kind)) for kind in (None, "babble"))
    behind = [heard.samples - alone.samples for heard, alone in zip(babble, plain, strict=True)]
    for noise, alone in zip(behind, plain, strict=True):
        ratio = 10 * np.log10(np.mean(alone.samples**2) / np.mean(noise**2))
        assert ratio == pytest.approx(5, abs=0.1)


def test_speakers_that_the_model_knows_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "Actor_05"
    folder.mkdir()
    soundfile.write(folder / "03-01-03-01-01-01-05.wav", babbled(0.5).samples, RATE)
    assert main(["evaluate", MODEL, "--speech", str(tmp_path), "--json"]) == 0
    assert "ravdess/05" in caplog.text and json.loads(capsys.readouterr().out)["speech"]["n"] == 1
    assert main(["evaluate", MODEL, "--speech", str(tmp_path), "--actors", "5", "9"]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}: no clips of ravdess/09\n"


@pytest.mark.slow
def test_a_test_set_without_a_label_of_the_model_is_refused(tmp_path: Path) -> None:
    clip = SpeechClip(tmp_path / "clip.wav", "disgust", "a", "c")
    with pytest.raises(DatasetError, match="none of the labels"):
        evaluate.evaluate(store.get("intermediate-attention-5@1"), EvaluationData(clips=[clip]))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Five empty files, what a pipeline says of each, and their labels."""
    labels = {"calm": "neutral", "glad": "happy", "cross": "sad", "music": "none", "clouds": "none"}
    write_csv(tmp_path / "labels.csv", ("file", "label"), [(f"{name}.mp4", label) for name, label in labels.items()])
    for name in SAID:
        (tmp_path / name).touch()
    return tmp_path


SAID = {
    "calm.mp4": [(4.0, "neutral", 0.5)],
    "glad.mp4": [(4.0, "sad", 0.6)],
    "cross.mp4": [(4.0, "happy", 0.7)],
    "music.mp4": [(3.0, UNDETERMINED, 0.0), (1.0, "sad", 0.9)],
    "clouds.mp4": [(4.0, UNDETERMINED, 0.0)],
}


def test_recordings_are_right_wrong_or_confidently_wrong(
    recordings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(labelled_recordings, "analyse", lambda inputs, model: segments(*SAID[inputs.video.name]))
    assert main(["evaluate", MODEL, "--recordings", str(recordings), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recordings"][2] == {
        "file": "cross.mp4",
        "true": "sad",
        "label": "happy",
        "confidence": 0.7,
        "right": False,
    }
    del found["recordings"]
    assert found == {
        "accuracy": 0.4,
        "n": 5,
        "confident_wrong": 1,
        "undetermined_right": 0.5,
        "mean_confidence": 0.6,
    }


def test_neutral_and_calm_are_one_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").touch()
    write_csv(tmp_path / "labels.csv", ("file", "label"), [("a.mp4", "calm")])
    said = segments((4.0, "neutral", 0.9))
    monkeypatch.setattr(labelled_recordings, "analyse", lambda inputs, model: said)
    found = labelled_recordings.evaluate(MODEL, tmp_path)
    assert (found["accuracy"], found["confident_wrong"], found["undetermined_right"]) == (1.0, 0, None)


@pytest.mark.slow
def test_the_whole_pipeline_reads_a_recording_of_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips.silent(tmp_path / "empty.mp4")
    write_csv(tmp_path / "labels.csv", ("file", "label"), [("empty.mp4", "none")])
    assert main(["evaluate", MODEL, "--recordings", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["undetermined_right"], found["confident_wrong"], found["mean_confidence"]) == (1.0, 0, None)


@pytest.mark.parametrize(
    ("header", "row", "fault"),
    [
        (("file", "label"), ("missing.mp4", "happy"), "missing.mp4 is missing"),
        (("file", "label"), ("calm.mp4", "bored"), "label 'bored' of calm.mp4 is not one of neutral"),
        (("file", "emotion"), ("calm.mp4", "happy"), "has no column label"),
        (("file", "label"), ("calm.mp4", "happy"), "calm.mp4: "),
    ],
)
def test_what_is_wrong_with_recordings_is_said_in_one_line(
    recordings: Path, capsys: pytest.CaptureFixture[str], header: Any, row: Any, fault: str
) -> None:
    write_csv(recordings / "labels.csv", header, [row])
    assert main(["evaluate", MODEL, "--recordings", str(recordings), "--json"]) == 2
    error = capsys.readouterr().err
    assert fault in error and error.startswith("error: ") and error.count("\n") == 1


def test_images_without_a_face_of_the_model_are_refused(analyser: ClipAnalyser) -> None:
    empty = Faces(np.zeros((0, 48, 48), np.uint8), np.zeros(0, np.int64))
    with pytest.raises(DatasetError, match="no image has one"):
        evaluate.evaluate(analyser.model, EvaluationData(empty))
