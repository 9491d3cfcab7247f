"""The stage `portrait`: runs its steps on a picture in the work bucket."""

from darkroom.lambda_runtime import stage_handler

handler = stage_handler()
