"""Makes an unpacked layer small and quick to start: `python3.13 layers/slim.py FOLDER RUNTIME_FOLDER`.

Shared libraries lose what a process never maps (symbols, debug information), and every module is compiled beforehand,
since a function cannot write into its layers and would compile them again at each cold start. Needs CPython of the
runtime's version and nothing else, on any host, for libraries of any 64-bit architecture.
"""

from __future__ import annotations

import compileall
import py_compile
import struct
import sys
from pathlib import Path

EVERY_PAGE_SIZE = 1 << 16
"""Bytes by whose multiples segments may move in a file: x86-64 has pages of 4 KB, arm64 of up to 64 KB."""

PT_NULL, PT_LOAD = 0, 1
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")  # type, flags, offset, virtual and physical address, size in file, ...


def without_debug(library: bytes) -> bytes:
    """An ELF file (64 bits, little-endian) with only the bytes that its program headers name; other bytes as they are.

    What lies between two segments is cut out by whole pages, so that each keeps its offset within a page, as
    loading asks for; the section headers, which only linkers and debuggers read, go as well.
    """
    if library[:6] != b"\x7fELF\x02\x01":
        return library
    (table,) = struct.unpack_from("<Q", library, 32)
    size, count = struct.unpack_from("<HH", library, 54)
    headers = [PROGRAM_HEADER.unpack_from(library, table + size * i) for i in range(count)]
    used = [(0, 64), (table, table + size * count)]
    used += [(header[2], header[2] + header[5]) for header in headers if header[0] != PT_NULL and header[5]]
    result = bytearray()
    moved: list[tuple[int, int, int]] = []  # a stretch of the file from where to where, and how far it moves down
    end = 0
    for start, stop in _united(used):
        gap = (start - end) // EVERY_PAGE_SIZE * EVERY_PAGE_SIZE
        moved.append((start, stop, (moved[-1][2] if moved else 0) + gap))
        result += bytes(start - moved[-1][2] - len(result)) + library[start:stop]
        end = stop

    def place(offset: int) -> int:
        return offset - next((by for start, stop, by in moved if start <= offset <= stop), 0)

    for i, header in enumerate(headers):
        PROGRAM_HEADER.pack_into(result, place(table) + size * i, *header[:2], place(header[2]), *header[3:])
    struct.pack_into("<QQ", result, 32, place(table), 0)  # where the program headers are; no section headers
    struct.pack_into("<HHH", result, 58, 0, 0, 0)
    return bytes(result)


def _united(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same bytes in stretches that neither overlap nor touch, in order."""
    result: list[tuple[int, int]] = []
    for start, stop in sorted(stretches):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(stop, result[-1][1]))
        else:
            result.append((start, stop))
    return result


def main(folder: Path, runtime_folder: str) -> int:
    """Work on the folder, which the runtime sees as `runtime_folder`. 1 where a module does not compile."""
    for path in folder.rglob("*.so*"):
        if path.is_file() and not path.is_symlink():
            path.write_bytes(without_debug(path.read_bytes()))
    compiled = compileall.compile_dir(
        folder,
        quiet=1,
        force=True,
        stripdir=str(folder),
        prependdir=runtime_folder,
        # Nobody asks a file's time at import: `sam build` and zip archives change it.
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    return 0 if compiled else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
