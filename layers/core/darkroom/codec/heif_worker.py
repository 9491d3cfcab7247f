"""Opens or decodes a HEIC in a process of its own: its library takes whole processes down over bytes that are hostile.

Run as a script, with ``open`` or ``load``: reads a file from standard input, writes a line of JSON (what the primary
picture is, or an error) and, for ``load``, its samples in rows without gaps.
"""

from __future__ import annotations

import json
import sys


def main(what: str) -> None:
    import pi_heif

    data = sys.stdin.buffer.read()
    out = sys.stdout.buffer
    try:
        file = pi_heif.HeifFile(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
        image = file[file.primary_index]
        samples: bytes | memoryview = b""
        if what == "load":
            samples = memoryview(image.data)
        said = {
            "width": image.size[0],
            "height": image.size[1],
            "frames": len(file),
            "mode": image.mode,
            "bit_depth": image.info["bit_depth"],
            "has_alpha": image.has_alpha,
            "stride": image.stride if what == "load" else 0,
        }
    except Exception as error:  # whatever it is, it is about the file
        out.write(json.dumps({"error": f"{error or type(error).__name__}"[:300]}).encode() + b"\n")
        return
    out.write(json.dumps(said).encode() + b"\n")
    out.write(samples)
    out.flush()


if __name__ == "__main__":
    main(sys.argv[1])
