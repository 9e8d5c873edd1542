"""Inputs of the networks, computed once or drawn at random."""
