"""20 s trials of composed clips, read by an audio-video model: what a fusion network is fitted on."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from inference import store
from inference.audio_video import AudioVideoReader
from inference.models.fusion import AUDIO_VIDEO_ROWS
from training.banks import speech_bank
from training.configuration import ComposedTrials
from training.datasets import fer2013, ravdess
from training.datasets.composed import draw_faces
from training.evaluate import composed_features


def read_trials(
    reader: AudioVideoReader, speech: Path, actors: list[int], faces: fer2013.Faces, trials_per_label: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, 6, classes) and labels (N,) of trials: six clips of one actor and label, one face of that label."""
    generator = np.random.default_rng(seed)
    clips = [clip for clip in ravdess.read_clips(speech, actors) if clip.label in reader.labels]
    bank = speech_bank(clips, reader.speech, reader.seconds)
    rows, labels = [], []
    for index, label in enumerate(reader.labels):
        for trial in range(trials_per_label):
            actor = actors[trial % len(actors)]
            said = [number for number, clip in enumerate(clips) if (clip.label, clip.actor) == (label, actor)]
            rows += generator.choice(said, AUDIO_VIDEO_ROWS).tolist()
            labels.append(index)
    chosen = [clips[row] for row in rows]
    shown = np.repeat(draw_faces(chosen[::AUDIO_VIDEO_ROWS], faces, seed), AUDIO_VIDEO_ROWS)
    features = composed_features(reader, faces.images[shown], seed)
    with torch.inference_mode():
        logits = reader.network.fuse(torch.from_numpy(bank.mfcc[rows]), features).numpy()
    return logits.reshape(-1, AUDIO_VIDEO_ROWS, len(reader.labels)), np.array(labels)


def write(config: ComposedTrials, options: argparse.Namespace) -> None:
    """Write av5_logits.npz: logits and labels of a validation and a test part that share no actor and no face."""
    reader = AudioVideoReader.open(store.find(config.audio_video))
    faces = fer2013.read_npz(options.faces / "fer2013_public_test.npz")
    halves = {
        "val": replace(faces, images=faces.images[::2], labels=faces.labels[::2]),
        "test": replace(faces, images=faces.images[1::2], labels=faces.labels[1::2]),
    }
    table: dict[str, np.ndarray] = {}
    for number, (part, unseen) in enumerate(halves.items()):
        actors = config.val_actors if part == "val" else config.test_actors
        seed = config.seed + number
        trials = read_trials(reader, options.speech, actors, unseen, config.trials_per_label, seed)
        table[f"{part}_logits"], table[f"{part}_labels"] = trials
    options.out.mkdir(parents=True, exist_ok=True)
    np.savez(options.out / "av5_logits.npz", allow_pickle=False, **table)
