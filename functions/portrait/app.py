"""The stage `portrait`: runs its steps on a picture in the work bucket."""

from darkroom.aws.stage import stage_handler

handler = stage_handler()
