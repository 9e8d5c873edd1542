"""What the networks of the default model cost on a CPU by each way to run them, and what that changes.

`python -m benchmarks.backends` runs them on generated faces and sound with one thread, prints the table and writes it
to docs/benchmarks/backends.md.
"""

import time
from collections.abc import Callable

import torch

from benchmarks.reporting import ROOT, circumstances
from inference import store
from inference.models.audio_visual import SAMPLES, AudioVisualNetwork
from inference.predictors.audio_visual import AudioVisualPredictor

REPORT = ROOT / "docs/benchmarks/backends.md"
RUNS, WINDOWS, SOUND_S = 5, 4, 10
BACKENDS = {
    "eager, contiguous": (torch.contiguous_format, torch.float32),
    "eager, channels_last": (torch.channels_last, torch.float32),
    "bfloat16, channels_last": (torch.channels_last, torch.bfloat16),
}
HEAD = """# Ways to run the networks

Written by `python -m benchmarks.backends`: {model}, one thread, torch {torch}. CPU time is the smallest of {runs}
runs: the backbone's for a face, in batches of {samples}, mirrored; the speech encoder's for a second of sound; the
fusion's for a window. The difference is the largest of a label's probability over {windows} windows of generated faces
and speech, against the first row. torch.compile, ONNX Runtime and OpenVINO are not measured: the first needs a C++
compiler where it runs, the others are packages that requirements.txt does not have.

{circumstances}.

| backend | backbone, ms | encoder, ms | fusion, ms | difference |
| --- | --- | --- | --- | --- |
"""


def cpu_ms(work: Callable[[], object]) -> float:
    """The smallest CPU time of several runs."""
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return 1000 * min(times)


@torch.inference_mode()
def measure(memory: torch.memory_format, dtype: torch.dtype) -> tuple[list[float], torch.Tensor]:
    """Milliseconds of a face, a second of sound and a window, and the probabilities of the windows."""
    predictor = AudioVisualPredictor.load(store.resolve(None, with_eeg=False))
    network: AudioVisualNetwork = predictor.network.to(dtype)
    network.to(memory_format=memory)  # type: ignore[call-overload]
    generator = torch.Generator().manual_seed(0)
    size = predictor.face.size
    faces = torch.rand(WINDOWS * SAMPLES, 3, size, size, generator=generator).to(dtype).contiguous(memory_format=memory)
    mel = torch.randn(1, 80, 100 * SOUND_S, generator=generator).to(dtype)
    features = network.face_features(faces).unflatten(0, (-1, SAMPLES))
    hidden = network.speech_features(mel)[:, :180].expand(WINDOWS, -1, -1).contiguous()
    costs = [
        cpu_ms(lambda: network.face_features(faces[:SAMPLES])) / SAMPLES,
        cpu_ms(lambda: network.speech_features(mel)) / SOUND_S,
        cpu_ms(lambda: network.fuse(hidden, features)) / WINDOWS,
    ]
    logits = network.fuse(hidden, features).float() / predictor.temperature
    return costs, logits.softmax(dim=1)


def main() -> None:
    """Measure every backend and write the report."""
    torch.set_num_threads(1)
    model = store.resolve(None, with_eeg=False)
    text = HEAD.format(
        model=model,
        torch=torch.__version__,
        runs=RUNS,
        samples=SAMPLES,
        windows=WINDOWS,
        circumstances=circumstances(),
    )
    reference = None
    for name, (memory, dtype) in BACKENDS.items():
        costs, probabilities = measure(memory, dtype)
        reference = probabilities if reference is None else reference
        difference = (probabilities - reference).abs().max().item()
        text += f"| {name} | {' | '.join(f'{cost:.2f}' for cost in costs)} | {difference:.1e} |\n"
    REPORT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
