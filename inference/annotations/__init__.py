"""Readers of what other tools wrote about a recording: markers and transcripts. Each file is read in a sandbox."""
