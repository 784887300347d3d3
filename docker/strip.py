"""Takes symbols for debuggers out of compiled modules, as binutils' strip does, which slim images have not.

``python3 strip.py FILE…``, each a 64-bit ELF file for a little-endian machine (x86-64, ARM). Programs and libraries are
loaded by their segments; the table of sections and what lies behind the last segment is for linkers and debuggers.
"""

import struct
import sys
from pathlib import Path


def stripped(elf: bytes) -> bytes:
    """The file's segments, with no table of sections. Raises ValueError for other files."""
    if elf[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    ends = [table + size * count]
    for segment in range(table, table + size * count, size):
        (offset,), (length,) = struct.unpack_from("<Q", elf, segment + 8), struct.unpack_from("<Q", elf, segment + 32)
        ends.append(offset + length)
    head = bytearray(elf[:64])
    struct.pack_into("<Q", head, 40, 0)  # where the table of sections is, ...
    struct.pack_into("<HH", head, 60, 0, 0)  # ... how many it has, and which of them holds their names
    return bytes(head) + elf[64 : max(ends)]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_bytes(stripped(file.read_bytes()))
