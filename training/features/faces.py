"""Features that a fixed backbone gives for still faces, computed once."""

import hashlib
import logging
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.model_spec import FaceInput
from inference.models.audio_visual import SAMPLES, AudioVisualNetwork
from training.data.cache import cached
from training.data.fer2013 import LABELS, Faces
from training.data.synthetic_pairs import moving_head
from training.features.backbone import as_network_input

log = logging.getLogger(__name__)
_BATCH = 16
_REPORT_EVERY = 800


@dataclass(frozen=True)
class FaceFeatures:
    """`features` (images, views, F) along a moving head's path; `labels` an image."""

    features: NDArray[np.float32]
    labels: list[str]

    @torch.inference_mode()
    def probabilities(self, classifier: nn.Linear) -> NDArray[np.float32]:
        """Probabilities (images, 7) by a backbone's own classifier, of the mean of each image's views."""
        found: NDArray[np.float32] = classifier(torch.from_numpy(self.features.mean(axis=1))).softmax(1).numpy()
        return found


def face_features(network: AudioVisualNetwork, faces: Faces, size: int, views: int, seed: int) -> FaceFeatures:
    """Features of `views` places on a moving head's path for each image, half of which are mirrored.

    They come from runs/ where the same backbone has seen the same faces before.
    """
    state = network.video.backbone.state_dict()
    weights = hashlib.sha256(b"".join(tensor.cpu().numpy().tobytes() for tensor in state.values())).hexdigest()
    images = hashlib.sha256(faces.images.tobytes()).hexdigest()
    arrays = cached(
        "faces",
        (weights, network.flip_tta, images, size, views, seed),
        lambda: {"features": _compute(network, faces, size, views, seed)},
    )
    return FaceFeatures(arrays["features"], [LABELS[label] for label in faces.labels])


@torch.inference_mode()
def _compute(network: AudioVisualNetwork, faces: Faces, size: int, views: int, seed: int) -> NDArray[np.float32]:
    generator = torch.Generator().manual_seed(seed)
    mirrored = np.random.default_rng(seed).random(len(faces)) < 0.5
    network.eval()
    rows: list[np.ndarray] = []
    for start in range(0, len(faces), _BATCH):
        images = faces.images[start : start + _BATCH]
        turned = np.where(mirrored[start : start + _BATCH, None, None], images[:, :, ::-1], images)
        heads = torch.cat([moving_head(image, generator, size, views) for image in turned])
        rows.extend(grey_face_features(network, heads).unflatten(0, (-1, views)).numpy())
        if len(rows) % _REPORT_EVERY == 0:
            log.info("faces %d/%d images", len(rows), len(faces))
    return np.array(rows)


@torch.inference_mode()
def grey_face_features(network: AudioVisualNetwork, grey: Tensor) -> Tensor:
    """Grey faces (N, 1, S, S), 0..1 -> features (N, F) on the processor."""
    return network.face_features(as_network_input(grey.to(device_of(network)))).cpu()


@torch.inference_mode()
def black_face_features(network: AudioVisualNetwork, size: int) -> Tensor:
    """Features (F,) on the processor of a black image, which stands in for a missing face."""
    network.eval()
    return network.face_features(torch.zeros(1, 3, size, size, device=device_of(network))).cpu()[0].clone()


@torch.inference_mode()
def moving_face_features(network: AudioVisualNetwork, images: np.ndarray, size: int, seed: int) -> Tensor:
    """Features (N, 15, F) of tracks (N, 15, 48, 48) uint8, each moving like a head along a seeded path."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for number, image in enumerate(images, 1):
        rows.append(grey_face_features(network, moving_head(image, generator, size, SAMPLES)))
        if number % 100 == 0:
            log.info("composed %d/%d clips", number, len(images))
    return torch.stack(rows)


def shrink(faces: Faces, side: int) -> Faces:
    """The faces from crops of `side` pixels, enlarged again: without details, as small faces of a picture are."""
    size = faces.images.shape[1:]
    small = (cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in faces.images)
    images = [cv2.resize(image, size, interpolation=cv2.INTER_LINEAR) for image in small]
    return Faces(np.array(images), faces.labels)


def moving_crops(
    image: NDArray[np.uint8], generator: torch.Generator, face: FaceInput, samples: int
) -> NDArray[np.uint8]:
    """Crops (samples, S, S), or (samples, S, S, 3) unless `face` is grey, of a head that moves.

    `image` is its face (48, 48), or one for each sample (samples, 48, 48).
    """
    heads = moving_head(image, generator, face.native_size, samples).squeeze(1)
    crops: NDArray[np.uint8] = (255 * heads).round().to(torch.uint8).numpy()
    return crops if face.grey else np.repeat(crops[..., None], 3, axis=3)


def device_of(network: nn.Module) -> torch.device:
    """Where the network's parameters are."""
    return next(network.parameters()).device
