"""Fit the audio-video network end to end on recordings, by the published recipe."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec import convert
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from inference.hashing import sha256_file
from inference.model_spec import FaceInput, SpeechInput
from inference.models.audio_visual import SAMPLES, AudioVisualNetwork, build_audio_visual
from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import splits
from training.engine import checkpoint
from training.engine import devices as distributed
from training.errors import DatasetError
from training.evaluation.calibration import temperature
from training.evaluation.metrics import scores
from training.features.recordings import Prepared, Reading, faceless, prepare, read_clips
from training.publishing import publish
from training.publishing import recordings as publish_recordings
from training.schema.configuration import Recordings
from training.tasks.backbone import give_backbone

log = logging.getLogger(__name__)

MODALITIES = ("AV", "A", "V")
_SCORED = 16
Half = Callable[[Tensor], Tensor]


def keep(half: Tensor) -> Tensor:
    return half


class Best:
    """The weights that read the validation part best so far; the earliest of equal ones."""

    def __init__(self) -> None:
        self.accuracy, self.epoch = -1.0, 0
        self.weights: dict[str, Tensor] = {}

    def offer(self, accuracy: float, epoch: int, network: nn.Module) -> None:
        if accuracy > self.accuracy:
            self.accuracy, self.epoch = accuracy, epoch
            self.weights = {name: tensor.cpu().clone() for name, tensor in network.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy, "epoch": self.epoch, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.accuracy, self.epoch, self.weights = (state_dict[key] for key in ("accuracy", "epoch", "weights"))


def without(kind: str, mfcc: Tensor, faces: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Modality dropout of MFCC (B, 10, 156) and faces (B, 15, 3, S, S), 0..1: 4, 3 or 1 times the batch.

    `softhard`: (a, v), (c a, (1 - c) v) with c one of 0, 0.01 .. 0.99 a clip, (0, v), (a, 0);
    `noise`: (a, v), (N(0, 1), v), (a, N(0, 1)); `none`: (a, v).
    """
    if kind == "softhard":
        share = (torch.randint(100, (len(mfcc),), generator=generator) / 100).to(mfcc.device)
        quiet, dim = (share.view(-1, 1, 1) * mfcc, (1 - share).view(-1, 1, 1, 1, 1) * faces)
        return (
            torch.cat((mfcc, quiet, torch.zeros_like(mfcc), mfcc)),
            torch.cat((faces, dim, faces, torch.zeros_like(faces))),
        )
    if kind == "noise":
        return (torch.cat((mfcc, noise(mfcc, generator), mfcc)), torch.cat((faces, faces, noise(faces, generator))))
    return mfcc, faces


def noise(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator).to(like.device)


def moved(faces: Tensor, flip: float, degrees: float, generator: torch.Generator) -> Tensor:
    """Faces (B, 15, 3, S, S), each clip mirrored with the chance `flip` and turned by up to `degrees`, in one draw."""
    count = len(faces)
    mirror = torch.where(torch.rand(count, generator=generator) < flip, -1.0, 1.0)
    angle = torch.deg2rad((torch.rand(count, generator=generator) * 2 - 1) * degrees)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros(count)
    affine = torch.stack((cos * mirror, -sin, zero, sin * mirror, cos, zero), dim=1).view(-1, 2, 3).to(faces.device)
    flat = faces.flatten(0, 1)
    grid = functional.affine_grid(affine.repeat_interleave(SAMPLES, 0), list(flat.shape), align_corners=False)
    return functional.grid_sample(flat, grid, align_corners=False).unflatten(0, (count, SAMPLES))


class Windows:
    """The windows of prepared clips; their faces stay on disk until they are asked for."""

    def __init__(self, clips: Sequence[Prepared], reader: AudioVisualPredictor) -> None:
        self.clips, self.reader = clips, reader
        self.places = [(clip, window) for clip in range(len(clips)) for window in range(len(clips[clip].mfcc))]

    def __len__(self) -> int:
        return len(self.places)

    def read(self, chosen: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """MFCC (B, 10, 156), faces (B, 15, 3, S, S) and label indices (B,), where this process computes."""
        device = distributed.device()
        places = [self.places[index] for index in chosen]
        crops = np.concatenate([np.load(self.clips[clip].faces, mmap_mode="r")[window] for clip, window in places])
        mfcc = torch.from_numpy(np.stack([self.clips[clip].mfcc[window] for clip, window in places]))
        labels = torch.tensor([self.reader.labels.index(self.clips[clip].label) for clip, _ in places])
        faces = self.reader.face_tensor(crops).unflatten(0, (-1, SAMPLES))
        return mfcc.to(device), faces.to(device), labels.to(device)


@torch.inference_mode()
def window_logits(
    network: AudioVisualNetwork, windows: Windows, hear: Half = keep, see: Half = keep
) -> NDArray[np.float32]:
    """Logits (windows, classes); `hear` and `see` say what becomes of MFCC and of faces first."""
    network.eval()
    rows = []
    for start in range(0, len(windows), _SCORED):
        mfcc, faces, _ = windows.read(range(start, min(start + _SCORED, len(windows))))
        rows.append(network(hear(mfcc), see(faces).flatten(0, 1)).cpu().numpy())
    return np.concatenate(rows)


def logits(network: AudioVisualNetwork, windows: Windows, config: Recordings, modality: str) -> NDArray[np.float32]:
    """The mean logits of each clip's windows, (clips, classes), with both halves or one ("AV", "A", "V").

    The missing half is what the network met in its place: zeros, or noise where it was fitted with noise.
    """
    generator = torch.Generator().manual_seed(config.seed)
    absent: Half = (lambda half: noise(half, generator)) if config.dropout == "noise" else torch.zeros_like
    hear, see = (absent if modality == half else keep for half in ("V", "A"))
    return clip_logits(network, windows, hear, see)


def clip_logits(
    network: AudioVisualNetwork, windows: Windows, hear: Half = keep, see: Half = keep
) -> NDArray[np.float32]:
    """The mean logits of each clip's windows, (clips, classes)."""
    every = window_logits(network, windows, hear, see)
    clips = np.array([clip for clip, _ in windows.places])
    return np.stack([every[clips == clip].mean(axis=0) for clip in range(len(windows.clips))])


def wanted(windows: Windows) -> NDArray[np.int64]:
    return np.array([windows.reader.labels.index(clip.label) for clip in windows.clips])


def fit(config: Recordings, root: Path, backbone: Path | None, speech_spec: SpeechInput, out: Path) -> None:
    """Fit on the people of the split's `train`, choose the epoch on `validation`, score `test` once.

    Writes `out`/NAME/VERSION; log and checkpoint lie in runs/NAME-VERSION-KEY, from where a run that was
    stopped goes on behind its last whole epoch, to the same result.
    """
    fold = splits.people(config.split, config.fold)
    reading = Reading(convert(config.face.model_dump(), FaceInput), speech_spec, config.window.seconds)
    parts: dict[str, list[Prepared]] = {}
    for part, people in (("train", fold.train), ("validation", fold.validation), ("test", fold.test)):
        clips = [
            clip
            for clip in read_clips(config.source, root, people, config.window.seconds)
            if clip.label in config.labels
        ]
        if not clips:
            raise DatasetError(f"{root}: the {part} part of {config.split} has no clips of {config.labels}")
        # Each process reads its share; then all of it lies in runs/.
        prepare(clips[distributed.rank() :: distributed.world()], reading)
        distributed.wait()
        parts[part] = prepare(clips, reading)
    torch.manual_seed(config.seed)
    network = build_audio_visual(classes=len(config.labels), fusion=config.fusion, heads=config.heads)
    if backbone is not None:
        give_backbone(network, backbone)
    spec = publish_recordings.specification(config, root, speech_spec)
    reader = AudioVisualPredictor(network, publish.parsed(spec))
    windows = {part: Windows(clips, reader) for part, clips in parts.items()}
    network.to(distributed.device())
    weights = sha256_file(backbone) if backbone else None
    place = checkpoint.folder(f"{config.name}-{config.version}", config.model_dump_json(), root.resolve(), weights)
    best = _fit(network, windows, config, place)
    if distributed.rank() == 0:
        network.load_state_dict(best.weights)
        held = logits(network, windows["validation"], config, "AV")
        spec["temperature"] = round(temperature(held, wanted(windows["validation"])), 3)
        people_of = np.array([clip.person for clip in parts["test"]])
        found = {
            modality: scores(
                softmax(logits(network, windows["test"], config, modality) / spec["temperature"], axis=1),
                wanted(windows["test"]),
                config.labels,
                people_of,
            )
            for modality in MODALITIES
        }
        without_face = {part: {"clips": len(clips), "without_face": faceless(clips)} for part, clips in parts.items()}
        publish_recordings.write(
            network.cpu(),
            config,
            spec,
            found,
            without_face,
            (best.epoch, best.accuracy),
            backbone is not None,
            sorted({*fold.train, *fold.validation}) if config.source == "ravdess" else [],
            checkpoint.seconds(place),
            out,
        )
        checkpoint.forget(place)
    distributed.wait()


def _order(windows: Windows, config: Recordings, seed: int) -> Iterator[list[int]]:
    """This process's share of every batch, in the same order in every process; a last one too small is left out."""
    order = torch.randperm(len(windows), generator=torch.Generator().manual_seed(seed)).tolist()
    for start in range(0, len(order) - config.batch + 1, config.batch):
        yield order[start : start + config.batch][distributed.rank() :: distributed.world()]


def _freeze_unused(network: AudioVisualNetwork, windows: Windows) -> None:
    """Take the published parts that never reach the output out of the fit, for processes wait for each gradient."""
    network.eval()
    mfcc, faces, _ = windows.read([0])
    network(mfcc, faces.flatten(0, 1)).sum().backward()
    for parameter in network.parameters():
        parameter.requires_grad_(parameter.grad is not None)
    network.zero_grad()


def _fit(network: AudioVisualNetwork, windows: dict[str, Windows], config: Recordings, place: Path) -> Best:
    train = windows["train"]
    if len(train) < config.batch or config.batch % distributed.world():
        raise DatasetError(
            f"{config.name}: a batch of {config.batch} for {len(train)} windows and {distributed.world()} processes"
        )
    _freeze_unused(network, train)
    optimiser = torch.optim.SGD(
        [parameter for parameter in network.parameters() if parameter.requires_grad],
        lr=config.rate,
        momentum=config.momentum,
        dampening=config.dampening,
        weight_decay=config.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, config.milestones)
    best = Best()
    shared = distributed.shared(network)

    def epoch(epoch: int) -> dict[str, Any]:
        losses = []
        seed = 1_000_000 * config.seed + 100 * epoch
        generator = torch.Generator().manual_seed(seed + 1 + distributed.rank())
        shared.train()
        for chosen in _order(train, config, seed):
            mfcc, faces, labels = train.read(chosen)
            faces = moved(faces, config.flip, config.degrees, generator)
            mfcc, faces = without(config.dropout, mfcc, faces, generator)
            labels = labels.repeat(len(mfcc) // len(labels))
            loss = functional.cross_entropy(shared(mfcc, faces.flatten(0, 1)), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        schedule.step()
        entry = {"epoch": epoch, "loss": round(float(np.mean(losses)), 4)}
        if distributed.rank() == 0:
            read = logits(network, windows["validation"], config, "AV").argmax(1)
            accuracy = float((read == wanted(windows["validation"])).mean())
            best.offer(accuracy, epoch, network)
            entry["accuracy"] = round(accuracy, 4)
        return entry

    state: dict[str, checkpoint.Stateful] = {
        "network": network,
        "optimiser": optimiser,
        "schedule": schedule,
        "best": best,
    }
    checkpoint.rounds(place, config.epochs, state, epoch)
    return best
