"""Specifications of models, as the store's spec.json has them, for tests."""

from typing import Any

from inference.model_spec import SCHEMA

_INPUTS: dict[str, dict[str, Any]] = {
    "audio-video": {
        "architecture": {"fusion": "intermediate-attention", "heads": 1},
        "window": {"seconds": 3.6, "hop_s": 0.72},
        "face": {
            "samples": 15,
            "size": 224,
            "grey": False,
            "native_size": 224,
            "crop_scale": 1.0,
            "frame_side": 640,
        },
        "speech": {
            "sample_rate": 22050,
            "n_mfcc": 10,
            "frames": 156,
            "n_fft": 2048,
            "hop_length": 512,
            "n_mels": 128,
        },
        "temperature": 1.0,
    },
    "system": {
        "architecture": {"system": "vaanet"},
        "window": {"seconds": 3.6, "hop_s": 0.72},
        "inputs": {"frames": {"kind": "frames", "settings": {"count": 192}}, "audio": {"kind": "mfcc-chunks"}},
    },
    "eeg": {
        "architecture": {"channels": 30, "samples": 500, "f1": 8, "d": 8, "f2": 64, "kernel": 300, "dropout": 0.5},
        "eeg": {
            "channels": [f"C{number}" for number in range(30)],
            "input_rate": 500,
            "sample_rate": 100,
            "band_hz": [0.5, 45],
            "order": 5,
            "window_s": 5,
            "windows": 4,
            "trial_s": 20,
        },
    },
    "fusion": {"architecture": {"method": "cnn"}, "temperature": 1.0},
}


def spec_data(kind: str, **fields: Any) -> dict[str, Any]:
    """A whole specification of a `kind`, with these fields in place of the usual ones."""
    usual = {"schema": SCHEMA, "name": "small", "version": "1", "kind": kind, "notice": "", "labels": ["happy", "sad"]}
    return usual | _INPUTS[kind] | fields
