"""Media files: formats, validation, decoding and rendering. No other package opens a container or starts ffmpeg."""
