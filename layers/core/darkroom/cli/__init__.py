"""The command line. Not part of what is deployed."""

from darkroom.cli.main import main

__all__ = ["main"]
