"""The small models as ONNX graphs, built by hand; ``onnx`` is imported by who writes a graph, never by who runs one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from footpred_dagster.core.features.contract import Feature
from footpred_dagster.core.models.scaling import FURTHEST, Floats, Scaling

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto, ValueInfoProto

OPSET, IR_VERSION = 17, 8
Contract = tuple[Feature, ...]


def table_by_league(name: str, rows: Floats) -> bytes:
    """Row ``league`` of ``rows`` (leagues + 1, 3); ONNX counts -1 from the end: the last row is for others."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [helper.make_node("Gather", ["table", "league"], ["probabilities"], axis=0)]
    constants = [numpy_helper.from_array(rows.astype(np.float32), "table")]
    asked = helper.make_tensor_value_info("league", TensorProto.INT64, [None])
    return _serialised(name, nodes, [asked], constants)


def softmax_of_features(
    name: str, contract: Contract, features: Sequence[str], weights: Floats, biases: Floats
) -> bytes:
    """softmax(features @ weights + bias of the league): weights (features, 3), biases (leagues + 1, 3) as above."""
    from onnx import helper, numpy_helper

    names = [feature.name for feature in contract]
    nodes = [
        helper.make_node("Gather", ["features", "columns"], ["inputs"], axis=1),
        helper.make_node("MatMul", ["inputs", "weights"], ["weighted"]),
        helper.make_node("Gather", ["biases", "league"], ["bias"], axis=0),
        helper.make_node("Add", ["weighted", "bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    constants = [
        _integers("columns", [names.index(each) for each in features]),
        numpy_helper.from_array(weights.astype(np.float32), "weights"),
        numpy_helper.from_array(biases.astype(np.float32), "biases"),
    ]
    return _serialised(name, nodes, _features_and_league(contract), constants)


def softmax_of_standardised(
    name: str, contract: Contract, scaling: Scaling, *, weights: Floats, biases: Floats
) -> bytes:
    """softmax(standardised inputs @ weights + bias of the league), in double precision; shapes as above."""
    from onnx import TensorProto, helper

    nodes, constants = _linear(contract, scaling, weights, biases)
    nodes += [
        helper.make_node("Softmax", ["scores"], ["exact"], axis=1),
        helper.make_node("Cast", ["exact"], ["probabilities"], to=TensorProto.FLOAT),
    ]
    return _serialised(name, nodes, _features_and_league(contract), constants)


def outcomes_of_goals(
    name: str,
    contract: Contract,
    scaling: Scaling,
    *,
    weights: Floats,
    biases: Floats,
    bounds: tuple[float, float],
    most: int,
    correction: float,
) -> bytes:
    """Home, draw, away of two Poisson scores whose log-rates are linear: weights (inputs, 2), biases (leagues + 1, 2).

    The correction of the four low scores moves rho * product of rates * P(0-0) twice from draws to one win each.
    """
    from onnx import TensorProto, helper

    nodes, constants = _linear(contract, scaling, weights, biases)
    goals = np.arange(most + 1, dtype=float)
    doubles = {
        "lowest_rate": np.array(bounds[0]),
        "highest_rate": np.array(bounds[1]),
        "goals": goals[None, :],
        "log_factorials": np.array([[math.lgamma(count + 1) for count in goals]]),
        "fewer": np.triu(np.ones((most + 1, most + 1)), 1),
        "shares": correction * np.array([[1.0, -2.0, 1.0]]),
    }
    constants += [_double(each, values) for each, values in doubles.items()]
    constants += [_integers("first", [0]), _integers("second", [1]), _integers("along", [1])]
    nodes.append(helper.make_node("Clip", ["scores", "lowest_rate", "highest_rate"], ["log_rates"]))
    for side, place in (("home", "first"), ("away", "second")):
        nodes += [
            helper.make_node("Gather", ["log_rates", place], [f"{side}_log"], axis=1),
            helper.make_node("Exp", [f"{side}_log"], [f"{side}_rate"]),
            helper.make_node("Mul", [f"{side}_log", "goals"], [f"{side}_powers"]),
            helper.make_node("Sub", [f"{side}_powers", f"{side}_rate"], [f"{side}_less"]),
            helper.make_node("Sub", [f"{side}_less", "log_factorials"], [f"{side}_logs"]),
            helper.make_node("Exp", [f"{side}_logs"], [f"{side}_scores"]),
            helper.make_node("MatMul", [f"{side}_scores", "fewer"], [f"{side}_fewer"]),
        ]
    nodes += [
        helper.make_node("Mul", ["home_scores", "away_fewer"], ["home_cells"]),
        helper.make_node("Mul", ["home_scores", "away_scores"], ["draw_cells"]),
        helper.make_node("Mul", ["away_scores", "home_fewer"], ["away_cells"]),
        *(
            helper.make_node("ReduceSum", [f"{outcome}_cells", "along"], [outcome], keepdims=1)
            for outcome in ("home", "draw", "away")
        ),
        helper.make_node("Concat", ["home", "draw", "away"], ["independent"], axis=1),
        helper.make_node("Mul", ["home_rate", "away_rate"], ["rates"]),
        helper.make_node("Add", ["home_rate", "away_rate"], ["together"]),
        helper.make_node("Neg", ["together"], ["less"]),
        helper.make_node("Exp", ["less"], ["goalless"]),
        helper.make_node("Mul", ["rates", "goalless"], ["low"]),
        helper.make_node("Mul", ["low", "shares"], ["moved"]),
        helper.make_node("Add", ["independent", "moved"], ["corrected"]),
        helper.make_node("ReduceSum", ["corrected", "along"], ["total"], keepdims=1),
        helper.make_node("Div", ["corrected", "total"], ["exact"]),
        helper.make_node("Cast", ["exact"], ["probabilities"], to=TensorProto.FLOAT),
    ]
    return _serialised(name, nodes, _features_and_league(contract), constants)


def log_pool(name: str, contract: Contract, members: Mapping[str, tuple[bytes, float]]) -> bytes:
    """softmax(sum of weight * log of each member's probabilities); ``members``: graph and weight by name."""
    from onnx import TensorProto, compose, helper, load_model_from_string

    nodes: list[NodeProto] = []
    constants: list[TensorProto] = []
    domains = {"": OPSET}
    for member, (graph, weight) in members.items():
        model = compose.add_prefix(load_model_from_string(graph), f"{member}/")
        domains |= {each.domain: each.version for each in model.opset_import if each.domain}
        given = {f"{member}/{each}": each for each in ("features", "league")}
        for node in model.graph.node:
            node.input[:] = [given.get(each, each) for each in node.input]
        nodes += model.graph.node
        constants += [*model.graph.initializer, _double(f"{member}/weight", np.array(weight))]
        nodes += [
            helper.make_node("Cast", [f"{member}/probabilities"], [f"{member}/exact_"], to=TensorProto.DOUBLE),
            helper.make_node("Log", [f"{member}/exact_"], [f"{member}/log_"]),
            helper.make_node("Mul", [f"{member}/log_", f"{member}/weight"], [f"{member}/share_"]),
        ]
    nodes += [
        helper.make_node("Sum", [f"{member}/share_" for member in members], ["pooled"]),
        helper.make_node("Softmax", ["pooled"], ["exact"], axis=1),
        helper.make_node("Cast", ["exact"], ["probabilities"], to=TensorProto.FLOAT),
    ]
    return _serialised(name, nodes, _features_and_league(contract), constants, domains)


def _linear(
    contract: Contract, scaling: Scaling, weights: Floats, biases: Floats
) -> tuple[list[NodeProto], list[TensorProto]]:
    """Nodes that end in ``scores``: (features - means) / scales, cut, 0 if missing, @ weights + bias of the league."""
    from onnx import TensorProto, helper

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
    ]
    doubles = {
        "means": np.array(scaling.means),
        "scales": np.array(scaling.scales),
        "weights": weights,
        "biases": biases,
        "lowest": np.array(-FURTHEST),
        "highest": np.array(FURTHEST),
        "nothing": np.array(0.0),
    }
    names = [feature.name for feature in contract]
    constants = [_integers("columns", [names.index(each) for each in scaling.names])]
    return nodes, constants + [_double(each, values) for each, values in doubles.items()]


def _double(name: str, values: Floats) -> TensorProto:
    from onnx import numpy_helper

    return numpy_helper.from_array(values.astype(np.float64), name)


def _integers(name: str, values: Sequence[int]) -> TensorProto:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def _features_and_league(contract: Contract) -> list[ValueInfoProto]:
    from onnx import TensorProto, helper

    return [
        helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(contract)]),
        helper.make_tensor_value_info("league", TensorProto.INT64, [None]),
    ]


def _serialised(
    name: str,
    nodes: Sequence[NodeProto],
    inputs: Sequence[ValueInfoProto],
    constants: Sequence[TensorProto],
    domains: Mapping[str, int] | None = None,
) -> bytes:
    from onnx import TensorProto, checker, helper

    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 3])
    graph = helper.make_graph(nodes, name, inputs, [answer], constants)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(*each) for each in (domains or {"": OPSET}).items()],
        ir_version=IR_VERSION,
        producer_name="footpred",
    )
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
