"""Studies: variables, stimuli and markers of a project's recordings, transcripts, and saved comparisons."""
