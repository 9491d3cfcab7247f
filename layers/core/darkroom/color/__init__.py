"""Colour: conversions, models, statistics and tone curves, on arrays."""
