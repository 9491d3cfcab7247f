"""The end of a job: guards, blends, encodes once, and writes result and manifest unless a newer upload was faster."""

from darkroom.aws.publishing import Event, publish
from darkroom.aws.runtime import lambda_handler, parse

handler = lambda_handler(lambda event, _: publish(parse(event, Event)))
