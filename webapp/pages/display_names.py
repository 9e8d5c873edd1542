"""Names of states, stages and export formats for people."""

from inference.types import Stage
from webapp.analyses.models import Analysis

STATUSES = {
    Analysis.Status.QUEUED: "Waiting",
    Analysis.Status.RUNNING: "Being analysed",
    Analysis.Status.SUCCEEDED: "Ready",
    Analysis.Status.FAILED: "Failed",
    Analysis.Status.CANCELLED: "Cancelled",
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
    "html": "Report",
}


def stage(analysis: Analysis) -> str:
    """Return what is being done for an analysis that has not ended."""
    if analysis.status == Analysis.Status.RUNNING and analysis.stage:
        return STAGES[Stage(analysis.stage)]
    if obstacle := _obstacle(analysis):
        return obstacle
    return "Waiting to write the labels on the video" if analysis.timeline_at else "Waiting for a free worker"


def percent(analysis: Analysis) -> int:
    """Return the progress of an analysis in whole percent."""
    return int(100 * analysis.progress)


def progress(analysis: Analysis) -> str:
    """Return the stage with the percentage, or the obstacle that keeps the analysis from going on."""
    return _obstacle(analysis) or f"{stage(analysis)}, {percent(analysis)} %"


def _obstacle(analysis: Analysis) -> str:
    """Return what has to be fixed before the analysis goes on; empty where nothing has."""
    return analysis.error_message if analysis.status == Analysis.Status.QUEUED else ""
