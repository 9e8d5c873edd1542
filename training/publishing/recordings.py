"""Write an audio-video network that was fitted on recordings into the store."""

from pathlib import Path
from typing import Any

from msgspec import to_builtins

from inference.model_spec import SpeechInput
from inference.models.audio_visual import AudioVisualNetwork
from training.data import eav
from training.evaluation.metrics import BOOTSTRAPS
from training.publishing import publish
from training.publishing.provenance import provenance
from training.schema.configuration import Recordings

DATA = {
    "ravdess": "RAVDESS video, speech",
    "eav": "EAV, spoken trials",
    "corrected": "recordings corrected by a person",
}
LICENCE = {
    "ravdess": "CC BY-NC-SA 4.0, as the RAVDESS recordings that the weights were fitted on.",
    "eav": "The terms of the EAV data set, on whose recordings the weights were fitted, hold for them too.",
    "corrected": "What the people recorded agreed to holds for the weights too: they were fitted on their recordings.",
}
NOTICE = {
    "ravdess": "Fitted on acted emotion of few people. Expect worse readings of anybody else.",
    "eav": "Fitted on acted emotion of few people. Expect worse readings of anybody else.",
    "corrected": "Fitted on what somebody saw in few people. Expect worse readings of anybody else.",
}


def specification(config: Recordings, root: Path, speech_spec: SpeechInput) -> dict[str, Any]:
    stand_in = config.source == "eav" and eav.simulated(root)
    return {
        "name": config.name,
        "version": config.version,
        "kind": "audio-video",
        "title": config.title,
        "labels": config.labels,
        "architecture": {"fusion": config.fusion, "heads": config.heads, "mirror": False},
        "window": config.window.model_dump(),
        "face": config.face.model_dump(),
        "speech": to_builtins(speech_spec),
        "temperature": 1.0,
        "demonstration": "recordings composed" if stand_in else None,
        "notice": NOTICE[config.source],
        "licence": LICENCE[config.source],
    }


def write(
    network: AudioVisualNetwork,
    config: Recordings,
    spec: dict[str, Any],
    scores: dict[str, Any],
    clips: dict[str, dict[str, int]],
    best: tuple[int, float],
    fitted_backbone: bool,
    actors: list[int],
    seconds: float,
    out: Path,
) -> None:
    """Write `out`/NAME/VERSION; `best` is the chosen epoch and its accuracy on the validation part, `actors`
    the people of RAVDESS that it was fitted on or chosen with, `seconds` what the epochs took."""
    metrics = {
        "data": DATA[config.source] + (" (composed stand-in)" if spec["demonstration"] else ""),
        "split": f"{config.split}, fold {config.fold}, by person",
        "selection": f"epoch {best[0]} of {config.epochs}, the best on the validation people "
        f"({best[1]:.1%}); the temperature comes from them too; the test people were scored once",
        "fitted_actors": actors,
        "interval": f"95 %, {BOOTSTRAPS} bootstrap draws of people",
        "unit": "clip: the mean logits of its windows",
        "clips": clips,
        "backbone": "fitted before" if fitted_backbone else "from scratch",
        "scores": scores,
        "provenance": provenance(config.seed, seconds),
    }
    rows = "\n".join(
        f"| {name} | {score['accuracy']:.1%} | {score['interval_95'][0]:.1%} to {score['interval_95'][1]:.1%} "
        f"| {score['macro_f1']:.3f} | {score['n']} |"
        for name, score in scores.items()
    )
    faceless = "; ".join(f"{part} {count['without_face']} of {count['clips']}" for part, count in clips.items())
    card = f"""# {config.name}, version {config.version}

{config.title}: {", ".join(config.labels)}.

The audio-video network of Chumachenko, Iosifidis and Gabbouj (ICPR 2022): {config.fusion}, heads: {config.heads},
image backbone {metrics["backbone"]}. Fitted on {metrics["data"]}; split: {metrics["split"]}; modality dropout
{config.dropout}. Faces are BGR without normalisation, picture and sound of the same 3.6 s.

Weights: {metrics["selection"]}. One fit, one seed. Clips in which no face was found, kept as black faces: {faceless}.

| Given | Accuracy | 95 % interval over people | Macro F1 | Clips |
| --- | --- | --- | --- | --- |
{rows}

{spec["notice"]} Do not use it to decide anything about a person.

{spec["licence"]}
"""
    publish.write(out / config.name / config.version, network, spec, metrics, card)
