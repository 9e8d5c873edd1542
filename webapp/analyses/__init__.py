"""Analyses of recordings: execution by workers, results, corrections, downloads, data protection."""
