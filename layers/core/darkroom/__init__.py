"""Darkroom: a photo lab. Steps on arrays, recipes over steps, and the pictures they work on."""
