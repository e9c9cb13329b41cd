"""The small models as ONNX graphs, built by hand; ``onnx`` is imported by who writes a graph, never by who runs one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.contract import FEATURE_NAMES

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto, ValueInfoProto

OPSET, IR_VERSION = 17, 8


def table_by_league(name: str, rows: npt.NDArray[np.float64]) -> bytes:
    """Row ``league`` of ``rows`` (leagues + 1, 3); ONNX counts -1 from the end: the last row is for others."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [helper.make_node("Gather", ["table", "league"], ["probabilities"], axis=0)]
    constants = [numpy_helper.from_array(rows.astype(np.float32), "table")]
    asked = helper.make_tensor_value_info("league", TensorProto.INT64, [None])
    return _serialised(name, nodes, [asked], constants)


def softmax_of_features(
    name: str, features: Sequence[str], weights: npt.NDArray[np.float64], biases: npt.NDArray[np.float64]
) -> bytes:
    """softmax(features @ weights + bias of the league): weights (features, 3), biases (leagues + 1, 3) as above."""
    from onnx import helper, numpy_helper

    nodes = [
        helper.make_node("Gather", ["features", "columns"], ["inputs"], axis=1),
        helper.make_node("MatMul", ["inputs", "weights"], ["weighted"]),
        helper.make_node("Gather", ["biases", "league"], ["bias"], axis=0),
        helper.make_node("Add", ["weighted", "bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    constants = [
        numpy_helper.from_array(np.array([FEATURE_NAMES.index(each) for each in features], dtype=np.int64), "columns"),
        numpy_helper.from_array(weights.astype(np.float32), "weights"),
        numpy_helper.from_array(biases.astype(np.float32), "biases"),
    ]
    return _serialised(name, nodes, _features_and_league(), constants)


def softmax_of_standardised(
    name: str,
    features: Sequence[str],
    *,
    means: npt.NDArray[np.float64],
    scales: npt.NDArray[np.float64],
    furthest: float,
    weights: npt.NDArray[np.float64],
    biases: npt.NDArray[np.float64],
) -> bytes:
    """The same of (features - means) / scales, cut at ``furthest``, 0 where missing; in double precision."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Gather", ["features", "columns"], ["asked"], axis=1),
        helper.make_node("Cast", ["asked"], ["inputs"], to=TensorProto.DOUBLE),
        helper.make_node("Sub", ["inputs", "means"], ["centred"]),
        helper.make_node("Div", ["centred", "scales"], ["apart"]),
        helper.make_node("Clip", ["apart", "lowest", "highest"], ["cut"]),
        helper.make_node("IsNaN", ["apart"], ["missing"]),
        helper.make_node("Where", ["missing", "nothing", "cut"], ["standardised"]),
        helper.make_node("MatMul", ["standardised", "weights"], ["weighted"]),
        helper.make_node("Gather", ["biases", "league"], ["bias"], axis=0),
        helper.make_node("Add", ["weighted", "bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["exact"], axis=1),
        helper.make_node("Cast", ["exact"], ["probabilities"], to=TensorProto.FLOAT),
    ]
    doubles = {
        "means": means,
        "scales": scales,
        "weights": weights,
        "biases": biases,
        "lowest": np.array(-furthest),
        "highest": np.array(furthest),
        "nothing": np.array(0.0),
    }
    constants = [
        numpy_helper.from_array(np.array([FEATURE_NAMES.index(each) for each in features], dtype=np.int64), "columns"),
        *(numpy_helper.from_array(values.astype(np.float64), each) for each, values in doubles.items()),
    ]
    return _serialised(name, nodes, _features_and_league(), constants)


def _features_and_league() -> list[ValueInfoProto]:
    from onnx import TensorProto, helper

    return [
        helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(FEATURE_NAMES)]),
        helper.make_tensor_value_info("league", TensorProto.INT64, [None]),
    ]


def _serialised(
    name: str, nodes: Sequence[NodeProto], inputs: Sequence[ValueInfoProto], constants: Sequence[TensorProto]
) -> bytes:
    from onnx import TensorProto, checker, helper

    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 3])
    graph = helper.make_graph(nodes, name, inputs, [answer], constants)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="footpred"
    )
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
