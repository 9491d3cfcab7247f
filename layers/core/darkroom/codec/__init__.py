"""Bytes to pictures and back: the only place that decodes or encodes.

`read_header` says what a file holds and applies the limits without decoding a pixel; `decode` makes a
`darkroom.picture.Picture` of it: sRGB, upright, alpha apart, 8 or 16 bits; `encode` writes one. All are pure functions
of their arguments, safe on any number of threads, and raise `ImageRejected` for whatever is wrong with a file.
"""

from darkroom.codec.decode import decode
from darkroom.codec.embed import omitted
from darkroom.codec.encode import encode
from darkroom.codec.formats import (
    EXTENSIONS,
    INPUT_EXTENSIONS,
    MEDIA_TYPES,
    OUTPUT_FORMATS,
    OWN_EXTENSIONS,
    SIXTEEN_BIT,
    output_format,
    result_name,
)
from darkroom.codec.header import Header, read_header
from darkroom.codec.untouched import untouched

__all__ = [
    "EXTENSIONS",
    "INPUT_EXTENSIONS",
    "MEDIA_TYPES",
    "OUTPUT_FORMATS",
    "OWN_EXTENSIONS",
    "SIXTEEN_BIT",
    "Header",
    "decode",
    "encode",
    "omitted",
    "output_format",
    "read_header",
    "result_name",
    "untouched",
]
