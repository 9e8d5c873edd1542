"""Write a fitted network into the store: weights, specification, metrics, model card."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec import convert, to_builtins
from safetensors.torch import save_file
from torch import nn

from inference import store
from inference.hashing import sha256_file
from inference.model_spec import SCHEMA, AudioVisualArchitecture, AudioVisualSpec, SpeechInput
from inference.models import build_model
from inference.models.audio_visual import AudioBranch, AudioVisualNetwork
from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import fer2013, ravdess
from training.data.synthetic_pairs import FACE_OF
from training.evaluation.calibration import balanced, calibrate, composed_examples
from training.evaluation.evaluate import evaluate_reader
from training.features.banks import speech_bank
from training.schema.configuration import AudioVideo
from training.tasks.speech import read_alone

LICENCE = (
    "CC BY-NC-SA 4.0: the RAVDESS speech that the weights were fitted on allows non-commercial use only and asks "
    "that what is derived from it be shared alike. FER-2013 is for research use and has no formal licence."
)


RESIDUAL = """ A residual network for small grey faces
reads them, where the published one has EfficientFace."""
MIRRORED = """ Other than published, the features of a face are the mean of those of the face
and of its mirror image."""
TEACHERS = """ The audio branch learned from the labels and from
  {} others of its kind, fitted before on the same clips, whose mean is surer than one of them."""
LESS_SPEAKER = """ Of each MFCC but the first, its mean over the window's voiced frames
is taken away, which is not published: a voice is then known less by who speaks."""

REFIT = """

**The scores are those of a first fit, on actors {train}.** The weights kept were then fitted once more in the same
way, on actors {fitted}, and have the balance and temperatures of the first: more voices are worth more than a
score of these very weights. On all of these they would score too well; other actors are strangers to them."""


def write(directory: Path, network: nn.Module, spec: dict[str, Any], metrics: dict[str, Any], card: str) -> None:
    """Write one version of a model; the specification receives the sha256 of the weights, and of its members'."""
    directory.mkdir(parents=True, exist_ok=True)
    weights = directory / "weights.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, weights)
    members = {role: store.get(name).used.sha256 for role, name in spec.get("members", {}).items()}
    digests = {"members_sha256": members} if members else {}
    spec = {"schema": SCHEMA, **spec, **digests, "weights_sha256": sha256_file(weights)}
    (directory / "spec.json").write_text(json.dumps(spec, indent=2) + "\n")
    (directory / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    (directory / "MODEL_CARD.md").write_text(card)


def parsed(spec: dict[str, Any]) -> AudioVisualSpec:
    """Convert the specification of an audio-visual network that is not written yet."""
    return convert({"schema": SCHEMA, **spec}, AudioVisualSpec)


def architecture(config: AudioVideo) -> AudioVisualArchitecture:
    """Return the architecture that a configuration describes."""
    return AudioVisualArchitecture(
        fusion=config.fusion,
        heads=config.heads,
        backbone=config.backbone,
        flip_tta=config.mirror,
        mfcc=config.speech.mfcc,
        cepstral_mean_norm=config.speech.less_speaker,
    )


def specification(config: AudioVideo, heard: dict[str, Any]) -> dict[str, Any]:
    """What the store says of a network that is not calibrated yet; `heard` is what speech is to it."""
    return {
        "name": config.name,
        "version": config.version,
        "kind": "audio-video",
        "title": config.title,
        "labels": config.labels,
        "architecture": to_builtins(architecture(config)),
        "window": config.window.model_dump(),
        "face": config.face.model_dump(),
        "speech": heard,
        "temperature": 1.0,
        "demonstration": None,
        "notice": "Fitted on composed clips: face photographs joined with acted speech of the same label.",
        "licence": LICENCE,
    }


def judge(
    network: AudioVisualNetwork,
    speech_alone: AudioBranch,
    spec: dict[str, Any],
    config: AudioVideo,
    faces: Path,
    speech: Path,
    backbone: Path,
) -> dict[str, Any]:
    """Calibrate `network` and `spec` in place, score them on unseen `faces` and actors, and return the metrics.

    `speech_alone` is scored beside it, as is the backbone if its log lies with it: what each modality gives
    to a network of its own.
    """
    unseen = fer2013.read_npz(faces)
    calibration = calibrate(AudioVisualPredictor(network, parsed(spec)), speech, config.calibration_actors, unseen)
    spec["temperature"] = calibration["temperature"]
    spec["temperature_alone"] = {given: found["temperature"] for given, found in calibration["alone"].items()}
    scores = evaluate_reader(
        AudioVisualPredictor(network, parsed(spec)), faces=faces, speech=speech, actors=config.test_actors
    )
    again = "; the weights kept were then fitted once more on all of them" if config.refit else ""
    return {
        "data": "FER-2013 PublicTest faces; RAVDESS speech; both composed by label",
        "split": f"faces: FER-2013's own parts; speech: by actor, fitted on {config.train_actors}, "
        f"tested on {config.test_actors}{again}",
        "selection": config.selection,
        "fitted_actors": config.fitted_actors,
        "scores": scores,
        "alone": {
            "speech": _speech_accuracy(speech_alone, config, parsed(spec).speech, speech),
            "faces": _face_accuracy(config, backbone),
        },
        "calibration": calibration,
    }


def rebalance(
    network: AudioVisualNetwork,
    spec: dict[str, Any],
    metrics: dict[str, Any],
    config: AudioVideo,
    faces: Path,
    speech: Path,
) -> None:
    """Give a network that was fitted again the balance that was found for the one before."""
    unseen = fer2013.read_npz(faces)
    examples = composed_examples(AudioVisualPredictor(network, parsed(spec)), speech, config.calibration_actors, unseen)
    scaled = balanced(network.classifier, metrics["calibration"]["balance"], examples.branches.mean(0))
    network.classifier.load_state_dict(scaled.state_dict())


def audio_video(
    network: AudioVisualNetwork, spec: dict[str, Any], config: AudioVideo, metrics: dict[str, Any], out: Path
) -> None:
    """Write `out`/NAME/VERSION."""
    write(out / config.name / config.version, network, spec, metrics, _card(spec, config, metrics))


def _taught(known: float) -> str:
    """Where the word on faces that come alone comes from; `known` is the share of their labels."""
    if known in (0, 1):
        return "from their labels" if known else "from the backbone's own classifier"
    return f"to {known:.0%} from their labels, and else from the backbone's own classifier"


def _one(scaling: dict[str, float]) -> str:
    return (
        f"{scaling['temperature']:g} (calibration error, measured likewise, {scaling['ece_after']:.3f}, "
        f"{scaling['ece_before']:.3f} without)"
    )


def _alone(alone: dict[str, float | None]) -> str:
    said = f"For comparison, networks of one modality: the audio branch alone reads {alone['speech']:.1%} of speech"
    return said + ("." if alone["faces"] is None else f", the backbone alone {alone['faces']:.1%} of faces.")


@torch.inference_mode()
def _speech_accuracy(branch: AudioBranch, config: AudioVideo, speech_spec: SpeechInput, speech: Path) -> float:
    clips = [clip for clip in ravdess.read_clips(speech, config.test_actors) if clip.label in config.labels]
    bank = speech_bank(clips, speech_spec, config.window.seconds)
    read = read_alone(branch, torch.from_numpy(bank.mfcc)).argmax(1).numpy()
    return round(float(np.mean(np.array(config.labels)[read] == bank.labels)), 4)


def _face_accuracy(config: AudioVideo, backbone: Path) -> float | None:
    """What the backbone's own classifier reached on PublicTest, by the logs that its fit left beside it.

    None without logs, and for a network that knows fewer faces than the seven that the classifier tells apart.
    """
    if {FACE_OF.get(label, label) for label in config.labels} != set(fer2013.LABELS):
        return None
    logs = sorted(backbone.parent.glob("phase-*.jsonl"))
    return json.loads(logs[-1].read_text().splitlines()[-1])["accuracy"] if logs else None


def _card(spec: dict[str, Any], config: AudioVideo, metrics: dict[str, Any]) -> str:
    scores, scaling = metrics["scores"], metrics["calibration"]
    missing = scores["composed"]["missing"]
    network = build_model(parsed(spec).architecture, len(spec["labels"]))
    parameters = sum(parameter.numel() for parameter in network.parameters())

    def row(part: str, what: str) -> str:
        score = scores[part]
        spread = f" (SD over {score['draws']} draws {score['spread']:.3f})" if "draws" in score else ""
        return f"| {what} | {score['accuracy']:.1%}{spread} | {score['n']} |"

    actors, train, calibrating, fitted = (
        ", ".join(f"{actor:02d}" for actor in part)
        for part in (config.test_actors, config.train_actors, config.calibration_actors, config.fitted_actors)
    )
    return f"""# {spec["name"]}, version {spec["version"]}

{spec["title"]}: {", ".join(spec["labels"])}.

## What it is
The audio-video network of Chumachenko, Iosifidis and Gabbouj (ICPR 2022): {config.fusion}, heads: {config.heads},
{parameters:,} parameters. It reads 3.6 s at a time: 15 faces and
156 frames of {config.speech.mfcc} MFCC (published: 10).{RESIDUAL if config.backbone == "residual" else ""}{
        MIRRORED if config.mirror else ""
    }{LESS_SPEAKER if config.speech.less_speaker else ""}

## What it was fitted on
**Composed clips, not recordings.** No audio-video corpus was at hand. Each clip joins one face photograph of
FER-2013, moved over 15 samples like a head, with one RAVDESS speech clip of the same label; calm speech goes
with neutral faces. Face and voice never belonged to one person, nor to one moment. The image backbone was
fitted on FER-2013's Training part first and then kept; the rest was fitted with the published modality dropout,
so that a missing face or voice is tolerated.

- Faces: FER-2013 Training. Each {config.reserve_every}th image was kept from the backbone; half of the speech was
  joined with those, so that the network trusts faces little more than it can in use. The others were joined with the
  other half, and shown alone as often as FER-2013 has them; then what is learned comes {
        _taught(config.known)
    }. Grey, 48 x 48, read at {spec["face"]["size"]} pixels
  a side; the published network reads 224. The crop at inference is treated alike.
- Speech: RAVDESS actors {fitted}; in every step changed anew in tempo, pitch, place, level, colour and noise,
  with stretches of time and frequency hidden.{
        TEACHERS.format(len(config.speech.teachers)) if config.speech.teachers else ""
    } In use, the voice of a recording is brought to the mean level of these
  clips first, so that the distance of the microphone says nothing.

## What it scores
Faces of FER-2013 PublicTest, speech of RAVDESS actors {actors}: neither was trained on. One fit, one seed, weights of
the {metrics["selection"]}{REFIT.format(train=train, fitted=fitted) if config.refit else ""}

| Part | Accuracy | Items |
| --- | --- | --- |
{row("faces", "Faces only (calm and neutral count as one)")}
{row("speech", "Speech only")}
{row("composed", "Composed audio-video")}

Composed means: each test clip with one unseen face image of its label. It says how well the network joins two
independent readings. **It is not an accuracy on recordings of real people**, which is unknown and likely lower.

With one half of the composed clips taken away: voice alone {missing["A"]:.1%}, face alone {missing["V"]:.1%}.
{_alone(metrics["alone"])}

Two numbers were fitted last, on composed clips of actors {calibrating} and PublicTest faces. The
classifier's weights for faces are multiplied, those for the voice divided by {scaling["balance"]:g}, since the voices
of the fitting actors are known better than a stranger's. Confidence is scaled by a temperature of {
        scaling["temperature"]:g}.
What that is worth to others was measured by parting these actors and faces in two, each half read with the numbers
of the other: accuracy **{scaling["accuracy_after"]:.1%}**, {scaling["accuracy_before"]:.1%} without; calibration
error (ECE, 15 bins) **{scaling["ece_after"]:.3f}**, {scaling["ece_before"]:.3f} without.
Where only one of the two is there, confidence has a temperature of its own: voice {_one(scaling["alone"]["voice"])},
face {_one(scaling["alone"]["face"])}.

## What it must not be used for
Acted speech and labelled photographs are not felt emotion. Do not use it to decide anything about a person, nor to
infer emotions at work or in education. FER-2013 carries label noise and an uneven choice of people; RAVDESS is
North American English by professional actors. Expect worse readings for everybody else.

## Terms
{spec["licence"]}
"""
