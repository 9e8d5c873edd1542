"""States and stages as people say them."""

from inference.types import Stage

STATUSES = {
    "queued": "Waiting",
    "running": "Being analysed",
    "succeeded": "Ready",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
STAGES = {
    Stage.PROBE: "Checking the recording",
    Stage.SAMPLE: "Finding the face",
    Stage.SCORE: "Reading face and voice",
    Stage.TIMELINE: "Putting the timeline together",
    Stage.RENDER: "Writing the labels on the video",
}
EXPORTS = {
    "json": "Everything, as JSON",
    "csv": "Spreadsheet",
    "vtt": "Subtitles, WebVTT",
    "srt": "Subtitles, SubRip",
    "eaf": "ELAN",
    "textgrid": "Praat",
    "bids": "BIDS events",
}
