"""Reads a recording with EEG: trial by trial, both networks' logits joined by a fusion network."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from inference import eeg, store
from inference.models.fusion import AUDIO_VIDEO_ROWS
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.types import EegInput, Source, Window


def trial_window_starts(trial_start_s: float, trial_s: float, reader: AudioVisualPredictor, samples: int) -> list[int]:
    """Where the six audio-video windows of a trial begin on the sampling grid.

    They overlap so that they span the trial, hop (20 s - 3.6 s) / 5, moved to the nearest sample.
    """
    starts = np.linspace(trial_start_s, trial_start_s + trial_s - reader.seconds, AUDIO_VIDEO_ROWS)
    return np.clip(np.round(starts / reader.step_s), 0, max(0, samples - reader.samples)).astype(int).tolist()


@dataclass(frozen=True)
class FusedTrial:
    """One trial: its four EEG windows and the reading of the whole."""

    eeg: tuple[Window, ...]
    fused: Window


class TrimodalPredictor:
    """EEGNet and the fusion network, with the specifications that name them."""

    def __init__(self, spec: store.ModelSpec) -> None:
        self.eeg_spec = store.get_member(spec, "eeg")
        self.eegnet = store.load_model(self.eeg_spec)
        self.fusion = store.load_model(spec)
        self.temperature: float = spec.data["temperature"]

    @property
    def trial_s(self) -> float:
        return self.eeg_spec.data["eeg"]["trial_s"]

    def starts(self, recording: EegInput) -> list[float]:
        """When the trials begin, seconds; the last one is aligned to the end of the EEG."""
        return eeg.trial_starts(eeg.inspect_eeg(recording).seconds, self.trial_s)

    @torch.inference_mode()
    def read(self, recording: EegInput, audio_video: list[list[Window]]) -> Iterator[FusedTrial]:
        """Join each trial's EEG with its six audio-video windows, in order."""
        spec = self.eeg_spec.data["eeg"]
        trials = eeg.read_trials(recording, spec)
        for start_s, windows, beside in zip(self.starts(recording), trials, audio_video, strict=True):
            logits = self.eegnet(torch.from_numpy(windows))
            matrix = torch.cat((torch.tensor([window.logits for window in beside]), logits))
            fused = self.fusion(matrix.unsqueeze(0))[0]
            yield FusedTrial(
                eeg=tuple(
                    Window(
                        start_s=start_s + number * spec["window_s"],
                        end_s=start_s + (number + 1) * spec["window_s"],
                        source=Source.EEG,
                        logits=tuple(row.tolist()),
                        probabilities=tuple(row.softmax(0).tolist()),
                        face=0.0,
                        voice=0.0,
                    )
                    for number, row in enumerate(logits)
                ),
                fused=Window(
                    start_s=start_s,
                    end_s=start_s + self.trial_s,
                    source=Source.FUSION,
                    logits=tuple(fused.tolist()),
                    probabilities=tuple((fused / self.temperature).softmax(0).tolist()),
                    face=float(np.mean([window.face for window in beside])),
                    voice=float(np.mean([window.voice for window in beside])),
                ),
            )
