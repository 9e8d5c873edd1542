"""Predictions from faces, voice and EEG: the logits of both networks are fused trial by trial."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from inference import eeg, store
from inference.model_spec import EegSpec, FusionSpec
from inference.models.fusion import AUDIO_VIDEO_ROWS
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.types import EegInput, Source, Window


def trial_window_starts(
    trial_start_s: float, trial_s: float, predictor: AudioVisualPredictor, samples: int
) -> list[int]:
    """Return the first sample of each of the six audio-visual windows of a trial.

    The windows overlap so that they span the trial: their distance is (20 s - 3.6 s) / 5, rounded to samples.
    """
    starts = np.linspace(trial_start_s, trial_start_s + trial_s - predictor.window_s, AUDIO_VIDEO_ROWS)
    last = max(0, samples - predictor.window_samples)
    return np.clip(np.round(starts / predictor.step_s), 0, last).astype(int).tolist()


@dataclass(frozen=True)
class FusedTrial:
    """One trial: its four EEG windows and the fused prediction."""

    eeg: tuple[Window, ...]
    fused: Window


class TrimodalPredictor:
    """EEGNet and the fusion network, with what their specifications assume."""

    def __init__(self, fusion: store.StoredModel) -> None:
        self.eeg_model = store.get_member(fusion, "eeg")
        if not (isinstance(fusion.spec, FusionSpec) and isinstance(self.eeg_model.spec, EegSpec)):
            raise store.StoreError(f"{fusion} does not fuse an EEG model")
        self.eegnet = store.load_model(self.eeg_model)
        self.fusion = store.load_model(fusion)
        self.temperature = fusion.spec.temperature
        self.signal = self.eeg_model.spec.eeg

    @property
    def trial_s(self) -> float:
        """Length of a trial, seconds."""
        return self.signal.trial_s

    def trial_starts(self, recording: EegInput) -> list[float]:
        """Return the starts of the trials, seconds; the last trial is aligned to the end of the EEG."""
        return eeg.trial_starts(eeg.inspect_eeg(recording).seconds, self.trial_s)

    @torch.inference_mode()
    def predict(self, recording: EegInput, audio_visual: list[list[Window]]) -> Iterator[FusedTrial]:
        """Fuse each trial's EEG with its six audio-visual windows, in order."""
        trials = eeg.read_trials(recording, self.signal)
        for start_s, signal, windows in zip(self.trial_starts(recording), trials, audio_visual, strict=True):
            logits = self.eegnet(torch.from_numpy(signal))
            matrix = torch.cat((torch.tensor([window.logits for window in windows]), logits))
            fused = self.fusion(matrix.unsqueeze(0))[0]
            yield FusedTrial(
                eeg=tuple(
                    Window(
                        start_s=start_s + number * self.signal.window_s,
                        end_s=start_s + (number + 1) * self.signal.window_s,
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
                    face=float(np.mean([window.face for window in windows])),
                    voice=float(np.mean([window.voice for window in windows])),
                ),
            )
