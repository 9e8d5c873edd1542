"""Metrics, calibration and scores."""
