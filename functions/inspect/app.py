"""Admission: reads the upload, applies the limits, decodes once, and plans what the recipe asks for."""

from darkroom.aws.inspecting import Event, inspect
from darkroom.aws.runtime import lambda_handler, parse
from darkroom.aws.stage import time_left

handler = lambda_handler(lambda event, context: inspect(parse(event, Event), time_left(context)))
