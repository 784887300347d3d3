"""Reader of Caffe's weight files (``.caffemodel``), without Caffe: the names and blobs of a net's layers.

The format is Protobuf's. Below is the part of Caffe's schema that weights need, by the field numbers of
``caffe.proto`` (github.com/BVLC/caffe); all other fields are passed over. Files from before 2015 keep their layers in
another field (``V1LayerParameter``), and shapes as four numbers; both forms are read.
"""

from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from training.errors.input_error import InputError

Blobs = tuple[npt.NDArray[np.float32], ...]

_FIELD = descriptor_pb2.FieldDescriptorProto

_SCHEMA: Final[dict[str, tuple[tuple[str, int, int, str | None], ...]]] = {
    "BlobShape": (("dim", 1, _FIELD.TYPE_INT64, None),),
    "Blob": (
        ("num", 1, _FIELD.TYPE_INT32, None),
        ("channels", 2, _FIELD.TYPE_INT32, None),
        ("height", 3, _FIELD.TYPE_INT32, None),
        ("width", 4, _FIELD.TYPE_INT32, None),
        ("data", 5, _FIELD.TYPE_FLOAT, None),
        ("shape", 7, _FIELD.TYPE_MESSAGE, "BlobShape"),
        ("double_data", 8, _FIELD.TYPE_DOUBLE, None),
    ),
    "OldLayer": (("name", 4, _FIELD.TYPE_STRING, None), ("blobs", 6, _FIELD.TYPE_MESSAGE, "Blob")),
    "Layer": (("name", 1, _FIELD.TYPE_STRING, None), ("blobs", 7, _FIELD.TYPE_MESSAGE, "Blob")),
    "Net": (
        ("name", 1, _FIELD.TYPE_STRING, None),
        ("layers", 2, _FIELD.TYPE_MESSAGE, "OldLayer"),
        ("layer", 100, _FIELD.TYPE_MESSAGE, "Layer"),
    ),
}
"""Message → its fields: name, number, type, and the message that it holds."""

_REPEATED: Final = {"dim", "data", "double_data", "blobs", "layers", "layer"}


MOST_DIMENSIONS: Final = 32
"""Of a blob: ``kMaxBlobAxes`` of Caffe's ``blob.hpp``."""


class NotACaffemodelError(InputError):
    """The file is no net of Caffe's, or not whole."""


def _net_class() -> Any:
    """The class of the message ``Net``, built from the schema above."""
    file = descriptor_pb2.FileDescriptorProto(name="caffemodel.proto", package="caffemodel", syntax="proto2")
    for message, fields in _SCHEMA.items():
        described = file.message_type.add(name=message)
        for name, number, kind, holds in fields:
            repeated = name in _REPEATED
            field = described.field.add(
                name=name, number=number, type=kind, label=_FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            )
            if holds:
                field.type_name = f".caffemodel.{holds}"
            elif repeated:
                field.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffemodel.Net"))


NetMessage: Final = _net_class()
"""The Protobuf message class of a net; tests write files with it."""


def read_caffemodel(path: Path) -> dict[str, Blobs]:
    """Layer → its blobs (weights, then bias), float32, for every layer that has any.

    Raises FileNotFoundError, and NotACaffemodelError that says what is wrong.
    """
    try:
        net = NetMessage.FromString(path.read_bytes())
    except DecodeError as error:
        raise NotACaffemodelError(f"{path} is no Caffe model, or it is cut short: {error}") from None
    layers: dict[str, Blobs] = {}
    for layer in (*net.layers, *net.layer):
        if not layer.blobs:
            continue
        if layer.name in layers:
            raise NotACaffemodelError(f"{path} has two layers of the name {layer.name}")
        layers[layer.name] = tuple(_array(blob, f"{path}: layer {layer.name}") for blob in layer.blobs)
    if not layers:
        raise NotACaffemodelError(f"{path} holds no layer with weights")
    return layers


def _array(blob: Any, where: str) -> npt.NDArray[np.float32]:
    """A blob's values in its shape. The old form of shapes has leading ones, as many as make four dimensions."""
    values = np.array(blob.data if len(blob.data) else blob.double_data, np.float32)
    shape = tuple(blob.shape.dim)
    if not blob.HasField("shape"):
        shape = (blob.num, blob.channels, blob.height, blob.width)
        while len(shape) > 1 and shape[0] == 1:
            shape = shape[1:]
    if not shape or min(shape) < 1 or len(shape) > MOST_DIMENSIONS:
        raise NotACaffemodelError(f"{where} has a blob of the shape {shape}")
    if values.size != prod(shape):
        raise NotACaffemodelError(f"{where} holds {values.size} values for the shape {shape}")
    return values.reshape(shape)
