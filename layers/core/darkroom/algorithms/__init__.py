"""Algorithms on arrays, that know neither steps nor photos."""
