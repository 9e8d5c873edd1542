"""Recordings that cannot be had here, made from models of how they arise. What is fitted on them is a demonstration."""
