"""Files whose structure was tampered with: whatever gives pixels gives as many as announced, and nothing breaks.

Bytes flipped at random hardly reach further than a checksum. So parts are swapped, doubled, dropped and resized, and
headers forged, with checksums put right.
"""

import random
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from service.engine.decoding.decoders import ProcessDecoder, ThreadDecoder, is_bounded
from service.engine.decoding.task import DecodingTask
from service.engine.decoding.worker import SPARE_BYTES
from service.imaging.decode import REDUCTIONS
from service.imaging.errors import PhotoError
from service.imaging.heic import can_read_heic
from service.imaging.inspect import Limits, inspect, read_file
from tests.helpers.dense_jpeg import dense_jpeg
from tests.helpers.photo_files import (
    avifs,
    box_parts,
    gif_parts,
    gifs,
    heics,
    jpeg_parts,
    jpegs,
    png_parts,
    pngs,
    saved,
    webp_parts,
    webps,
)

Parts = list[bytes]
Take = Callable[[bytes], Iterator[bytes]]

LIMITS = Limits(max_pixels=1_000_000, max_scan_blocks=200_000)
SIZES = (0, 1, 2, 15, 16, 17, 255, 256, 999, 16_383, 32_767, 65_535, 1 << 24, (1 << 31) - 1, (1 << 32) - 1)
FORMATS = {
    "png": (pngs, png_parts), "jpeg": (jpegs, jpeg_parts), "webp": (webps, webp_parts), "gif": (gifs, gif_parts),
    "avif": (avifs, box_parts), "heic": (heics, box_parts),
}  # fmt: skip
KINDS = [kind for kind in FORMATS if kind != "heic" or can_read_heic()]


def any_part(parts: Parts, rng: random.Random) -> int:
    return rng.randrange(1, len(parts)) if len(parts) > 1 else 0


def swap(parts: Parts, rng: random.Random, others: Parts) -> None:
    one, other = any_part(parts, rng), any_part(parts, rng)
    parts[one], parts[other] = parts[other], parts[one]


def double(parts: Parts, rng: random.Random, others: Parts) -> None:
    parts.insert(any_part(parts, rng), parts[any_part(parts, rng)])


def drop(parts: Parts, rng: random.Random, others: Parts) -> None:
    del parts[any_part(parts, rng)]


def borrow(parts: Parts, rng: random.Random, others: Parts) -> None:
    """A part of another file."""
    parts.insert(any_part(parts, rng), rng.choice(others))


def cut(parts: Parts, rng: random.Random, others: Parts) -> None:
    index = any_part(parts, rng)
    parts[index] = parts[index][: rng.randrange(len(parts[index]) + 1)]


def pad(parts: Parts, rng: random.Random, others: Parts) -> None:
    index = any_part(parts, rng)
    parts[index] += rng.choice([b"\0", b"\xff", b"\xff\xd8", b"\xff\0", rng.randbytes(rng.randrange(1, 40))])


def forge(parts: Parts, rng: random.Random, others: Parts) -> None:
    """A number of 1, 2, 3 or 4 bytes, of either order, near the beginning of a part: a length, a side, a flag."""
    index = any_part(parts, rng)
    part = bytearray(parts[index])
    size = rng.choice([1, 1, 2, 3, 4])
    number = (rng.choice(SIZES) & ((1 << 8 * size) - 1)).to_bytes(size, rng.choice(["big", "little"]))
    at = rng.randrange(min(40, len(part)) or 1)
    part[at : at + size] = number
    parts[index] = bytes(part)


def put_marker(parts: Parts, rng: random.Random, others: Parts) -> None:
    """Two bytes that JPEG takes for a marker, where something else was."""
    index = any_part(parts, rng)
    part = bytearray(parts[index])
    at = rng.randrange(len(part) or 1)
    part[at : at + 2] = bytes((0xFF, rng.choice([0, 1, *range(0xC0, 0x100)])))
    parts[index] = bytes(part)


def garble(parts: Parts, rng: random.Random, others: Parts) -> None:
    """A few bits anywhere: in a table, or in the coded pixels."""
    index = any_part(parts, rng)
    part = bytearray(parts[index])
    for _ in range(rng.randrange(1, 6)):
        if part:
            part[rng.randrange(len(part))] ^= 1 << rng.randrange(8)
    parts[index] = bytes(part)


MUTATIONS = (garble, swap, double, drop, borrow, cut, pad, forge, forge, forge, put_marker)


def mutated(files: Sequence[bytes], take: Take, seed: int) -> bytes:
    rng = random.Random(seed)
    parts = list(take(rng.choice(files)))
    others = list(take(rng.choice(files)))
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if len(parts) > 1:
            rng.choice(MUTATIONS)(parts, rng, others)
    if take is png_parts:
        parts = [checked(part) if rng.random() < 0.9 else part for part in parts]
    data = b"".join(parts)
    if take is webp_parts and rng.random() < 0.9:
        data = data[:4] + struct.pack("<I", max(0, len(data) - 8)) + data[8:]
    return data


def checked(part: bytes) -> bytes:
    """A chunk with the checksum that belongs to it."""
    return part[:-4] + struct.pack(">I", zlib.crc32(part[4:-4])) if len(part) >= 12 and part[:1] != b"\x89" else part


def peak(pid: int) -> int:
    """The most bytes that a process has held."""
    return 1024 * int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])


def try_mutations_in_thread(seeds: range) -> int:
    """Decodes as many mutated JPEG files that are decoded in the service's own threads, and says how many gave pixels.
    One that crashes the decoder ends this process."""
    valid = [data for data in jpegs() if is_bounded(inspect(data, LIMITS))]
    valid.append(dense_jpeg(40, ((2, 2), (1, 1), (1, 1)), restarts=True))
    decoder, bounded, decoded = ThreadDecoder(), 0, 0
    for seed in seeds:
        with suppress(PhotoError):
            file = inspect(mutated(valid, jpeg_parts, seed), LIMITS)
            if is_bounded(file):
                bounded += 1
                width, height = file.header.upright_size
                for reduction in REDUCTIONS:
                    (photo,) = decoder.decode(file, DecodingTask(file.header, reduction), lambda: True)
                    assert photo.shape == (ceil(height / reduction), ceil(width / reduction), 3), f"seed {seed}"
                decoded += 1
    assert bounded > len(seeds) / 2, "mutations should leave most files what is decoded in threads"
    return decoded


def try_mutations(kind: str, seeds: range) -> int:
    """Decodes as many mutated files, and says how many of them gave pixels."""
    files, take = FORMATS[kind]
    valid = files()
    decoder = ProcessDecoder(1)
    decoder.warm()
    (pid,) = decoder.pids
    before, most, decoded = peak(pid), 0, 0
    try:
        for seed in seeds:
            try:
                file = inspect(mutated(valid, take, seed), LIMITS)
                most = max(most, file.header.decoding_bytes())
                (photo,) = decoder.decode(file, DecodingTask(file.header), lambda: True)
            except PhotoError:
                pass
            else:
                decoded += 1
                width, height = file.header.upright_size
                assert photo.shape == (height, width, 3), f"seed {seed}"
            assert decoder.pids == [pid], f"seed {seed} of {kind} ended the process"
        assert peak(pid) - before < most + SPARE_BYTES / 8
    finally:
        decoder.close()
    return decoded


@pytest.mark.parametrize("kind", KINDS)
def test_tampered_files_break_nothing(kind: str) -> None:
    decoded = try_mutations(kind, range(500))
    assert 25 < decoded < 475, "mutations should neither all be refused nor all be harmless"


def test_tampered_files_break_nothing_in_the_services_own_threads() -> None:
    decoded = try_mutations_in_thread(range(500))
    assert 25 < decoded < 475, "mutations should neither all be refused nor all be harmless"


@pytest.mark.parametrize("kind", KINDS)
def test_a_tampered_file_shows_nothing_of_the_photo_before(kind: str) -> None:
    """Pixels that a damaged file has no data for must not be those that lay in the memory."""
    files, take = FORMATS[kind]
    processes, thread = ProcessDecoder(1), ThreadDecoder()
    try:
        for seed in range(300):
            with suppress(PhotoError):
                file = inspect(mutated(files(), take, seed), LIMITS)
                size = (file.header.height, file.header.width, 3)
                before = [read_file(saved(np.full(size, value, np.uint8), "PNG")) for value in (10, 240)]
                for decoder in (processes, thread) if is_bounded(file) else (processes,):
                    photos = []
                    for other in before:
                        decoder.decode(other, DecodingTask(other.header), lambda: True)
                        photos += decoder.decode(file, DecodingTask(file.header), lambda: True)
                    assert np.array_equal(*photos), f"seed {seed}"
    finally:
        processes.close()


@pytest.mark.slow
def test_many_tampered_files_break_nothing_in_the_services_own_threads() -> None:
    try_mutations_in_thread(range(1_000, 21_000))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_tampered_files_break_nothing(kind: str) -> None:
    try_mutations(kind, range(1_000, 21_000))
