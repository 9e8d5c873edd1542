"""Names of the encoders and of x264's presets, which settings offer without importing a codec."""

ENCODERS = ("x264", "nvenc", "qsv", "vaapi")
# Slower presets may exceed the time limit.
X264_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium")
DEFAULT_X264_PRESET = "veryfast"
