"""Videos that every browser plays, and videos that not every one does."""

from pathlib import Path

from tests.inference.clips import made

H264, VP9 = "libx264 -pix_fmt yuv420p", "libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p"
VP8, AV1 = "libvpx -deadline realtime", "libsvtav1 -preset 12"
# A file's suffix, and ffmpeg's codecs of picture and sound ("" for none).
PLAYED = [
    ("mp4", H264, "aac"),
    ("mp4", H264, ""),
    ("mp4", "libx264 -pix_fmt yuvj420p", "libmp3lame"),
    ("mp4", f"{H264} -movflags frag_keyframe+empty_moov", "flac"),
    ("mp4", VP9, "libopus"),
    ("mp4", f"{AV1} -pix_fmt yuv420p10le", "aac"),
    ("mov", H264, "aac"),
    ("webm", VP8, "libvorbis"),
    ("webm", VP9, "libopus"),
    ("webm", f"{AV1} -pix_fmt yuv420p", "libopus"),
    ("webm", VP8, ""),
]
# The same, and what the refusal calls them.
REFUSED = [
    ("avi", H264, "aac", "AVI with H.264 and AAC"),
    ("avi", "mjpeg -pix_fmt yuvj420p", "pcm_s16le", "AVI with Motion JPEG and PCM S16LE"),
    ("mpg", "mpeg2video", "mp2", "MPEG with MPEG-2 and MP2"),
    ("ts", H264, "aac", "MPEG-TS with H.264 and AAC"),
    ("mov", "prores_ks", "pcm_s16le", "MOV with ProRes in yuv422p10le and PCM S16LE"),
    ("mov", "libx265 -tag:v hvc1 -pix_fmt yuv420p -x265-params log-level=none", "aac", "MOV with H.265 (HEVC) and AAC"),
    ("mkv", "libx265 -pix_fmt yuv420p -x265-params log-level=none", "", "Matroska with H.265 (HEVC),"),
    ("mkv", VP9, "libopus", "Matroska with VP9 and Opus"),
    ("mp4", "mpeg4", "aac", "MP4 with MPEG-4 Part 2 and AAC"),
    ("mp4", H264, "ac3", "MP4 with H.264 and AC3"),
    ("mp4", "libx264 -pix_fmt yuv444p", "aac", "MP4 with H.264 in yuv444p and AAC"),
    ("mp4", "libx264 -pix_fmt yuv420p10le", "", "MP4 with H.264 in yuv420p10le,"),
]


def video(folder: Path, suffix: str, picture: str, sound: str) -> Path:
    """A second of a test picture and a tone, as a file without a suffix."""
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=1"]
    codecs = ["-c:v", *picture.split(), "-strict", "experimental"]
    if sound:
        inputs += ["-f", "lavfi", "-i", "sine=r=48000:d=1"]
        codecs += ["-c:a", *sound.split()]
    return made(folder / f"video.{suffix}", *inputs, *codecs).rename(folder / "video")
