"""How ffmpeg encodes the picture of a labelled video: by x264, or by hardware that works here."""

import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from inference.media.encoder_names import DEFAULT_X264_PRESET
from inference.media.ffmpeg import FfmpegError, run_ffmpeg

DEV = Path("/dev")
_PROBE_S = 30.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Encoder:
    """An encoder of H.264 as ffmpeg's arguments: those before the inputs, the last filters, and the codec's options.

    `devices` are patterns of the files in DEV that it opens. `fallback` encodes what this one fails at.
    """

    options: tuple[str, ...]
    setup: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    fallback: "Encoder | None" = None

    def arguments(self, *filters: str) -> list[str]:
        """Return the arguments that filter and encode; frame times are kept."""
        # No B-frames: with a variable frame rate, players would stop early, for MP4 has its length in decoding order.
        return [
            *("-vf", ",".join((*filters, *self.filters)), *self.options, "-bf", "0"),
            *("-fps_mode", "vfr", "-enc_time_base:v", "demux"),
        ]

    def device_files(self) -> list[Path]:
        """Return the device files that it opens, as far as they exist."""
        return [path for pattern in self.devices for path in sorted(DEV.glob(pattern))]


def x264(preset: str = DEFAULT_X264_PRESET) -> Encoder:
    """Return the encoder that works everywhere."""
    # As many threads as x264 takes by default, at most 16: each buffers frames, and 64 exceed the memory at 2160p.
    threads = min(16, 3 * (os.cpu_count() or 1) // 2)
    return Encoder(
        ("-c:v", "libx264", "-preset", preset, "-crf", "23", "-pix_fmt", "yuv420p", "-threads", str(threads))
    )


_RENDER_NODES = ("dri/renderD*",)
_HARDWARE: Mapping[str, Encoder] = {
    "nvenc": Encoder(
        ("-c:v", "h264_nvenc", "-rc", "vbr", "-cq", "23", "-b:v", "0", "-pix_fmt", "yuv420p"),
        devices=("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia[0-9]*"),
    ),
    "qsv": Encoder(("-c:v", "h264_qsv", "-global_quality", "23"), filters=("format=nv12",), devices=_RENDER_NODES),
    "vaapi": Encoder(
        ("-c:v", "h264_vaapi", "-rc_mode", "CQP", "-qp", "23"),
        setup=("-init_hw_device", "vaapi"),
        filters=("format=nv12", "hwupload"),
        devices=_RENDER_NODES,
    ),
}


@cache
def choose_encoder(name: str, preset: str) -> Encoder:
    """Return the encoder of that name if it encodes a few frames here, else x264 with `preset`.

    A process tries it once, in the sandbox that videos are encoded in. Raises SandboxError.
    """
    software = x264(preset)
    if name == "x264":
        return software
    encoder = replace(_HARDWARE[name], fallback=software)
    frames = ["-f", "lavfi", "-i", "color=gray:s=640x480:r=25:d=0.2"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            run_ffmpeg(
                [*encoder.setup, *frames, *encoder.arguments("null"), "-f", "mp4"],
                Path(folder, "probe.mp4"),
                read=[],
                limit_s=_PROBE_S,
                devices=encoder.device_files(),
            )
        except FfmpegError as error:
            logger.warning("x264 encodes labelled videos: %s fails here: %s", name, str(error).partition("\n")[0])
            return software
    logger.info("%s encodes labelled videos", name)
    return encoder
