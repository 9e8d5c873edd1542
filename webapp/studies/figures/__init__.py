"""Figures of a comparison as shapes, which templates write as SVG. Nothing here knows the database."""
