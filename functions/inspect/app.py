"""Admission: reads the upload, applies the limits, decodes once, and plans what the recipe asks for."""

from darkroom.aws.inspecting import Event, inspect
from darkroom.aws.runtime import lambda_handler, parse

handler = lambda_handler(lambda event, _: inspect(parse(event, Event)))
