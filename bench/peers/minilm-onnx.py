"""all-MiniLM-L6-v2 as onnxruntime takes it: `python3 minilm-onnx.py <model.safetensors> <directory>`.

Writes float32.onnx, of onnxruntime's own operators for such models, as its optimiser would make them of an exported graph, and
int8.onnx, which its `quantize_dynamic` makes of that. Both take ids of tokens and which of them are text (0: filling), and
answer unit vectors.
"""

import json
import logging
import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from onnxruntime.quantization import QuantType, quantize_dynamic

LAYERS, HEADS, HIDDEN = 6, 12, 384
OWN = {"domain": "com.microsoft"}
EXACT = {"epsilon": 1e-12}


def read(path: str) -> dict[str, np.ndarray]:
    """The float32 tensors of a safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, told in json.loads(data[8:start]).items():
        if told.get("dtype") == "F32":
            first, end = told["data_offsets"]
            tensors[name] = np.frombuffer(data[start + first : start + end], np.float32).reshape(told["shape"])
    return tensors


class Graph:
    def __init__(self, tensors: dict[str, np.ndarray]):
        self.tensors = tensors
        self.nodes: list = []
        self.constants: list = []

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def tensor(self, name: str) -> str:
        return self.constant(name, self.tensors[name])

    def norm(self, name: str) -> tuple[str, str]:
        return self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias")

    def weights(self, name: str) -> str:
        return self.constant(f"{name}.weight", self.tensors[f"{name}.weight"].T)

    def node(self, kind: str, inputs: list[str], outputs: int = 1, **attributes) -> str:
        """Answers the name of its first output."""
        names = [f"{kind}_{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name=names[0], **attributes))
        return names[0]


def embeddings(graph: Graph) -> tuple[str, str]:
    """States of the tokens, and how many of each text are text."""
    # All tokens have the first type.
    positions = graph.tensors["embeddings.position_embeddings.weight"] + graph.tensors["embeddings.token_type_embeddings.weight"][0]
    words = graph.tensor("embeddings.word_embeddings.weight")
    places = graph.constant("positions", positions)
    inputs = ["ids", "", words, places, "", *graph.norm("embeddings.LayerNorm"), "mask"]
    states = graph.node("EmbedLayerNormalization", inputs, 2, **OWN, **EXACT)
    return states, f"{states[:-2]}_1"


def layer(graph: Graph, name: str, states: str, counts: str) -> str:
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    weights = graph.constant(f"{name}.weights", np.concatenate([graph.tensors[f"{part}.weight"] for part in parts]).T)
    bias = graph.constant(f"{name}.bias", np.concatenate([graph.tensors[f"{part}.bias"] for part in parts]))
    mixed = graph.node("Attention", [states, weights, bias, counts], num_heads=HEADS, **OWN)
    states = added(graph, f"{name}.attention.output", mixed, states)
    wide = graph.node("MatMul", [states, graph.weights(f"{name}.intermediate.dense")])
    wide = graph.node("BiasGelu", [wide, graph.tensor(f"{name}.intermediate.dense.bias")], **OWN)
    return added(graph, f"{name}.output", wide, states)


def added(graph: Graph, name: str, given: str, states: str) -> str:
    """Brought back to the width of the states and added to them."""
    narrow = graph.node("MatMul", [given, graph.weights(f"{name}.dense")])
    inputs = [narrow, states, *graph.norm(f"{name}.LayerNorm"), graph.tensor(f"{name}.dense.bias")]
    return graph.node("SkipLayerNormalization", inputs, **OWN, **EXACT)


def pooled(graph: Graph, states: str) -> None:
    """The mean of a text's states, of length 1; what the sum is divided by does not matter then."""
    axis = graph.constant("axis", np.array([1], np.int64))
    mask = graph.node("Unsqueeze", [graph.node("Cast", ["mask"], to=TensorProto.FLOAT), axis])
    total = graph.node("Squeeze", [graph.node("MatMul", [mask, states]), axis])
    graph.nodes.append(helper.make_node("LpNormalization", [total], ["vectors"], axis=-1, p=2))


def main() -> None:
    weights, directory = sys.argv[1:]
    graph = Graph(read(weights))
    states, counts = embeddings(graph)
    for index in range(LAYERS):
        states = layer(graph, f"encoder.layer.{index}", states, counts)
    pooled(graph, states)
    shape = ["texts", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in ("ids", "mask")]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", HIDDEN])]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    made = helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, outputs, graph.constants)
    model = os.path.join(directory, "float32.onnx")
    save(helper.make_model(made, opset_imports=opsets, ir_version=8), model)
    # It recommends what optimises exported graphs, and wonders at types.
    logging.disable(logging.WARNING)
    # Types are not known behind onnxruntime's own operators: all are floats.
    options = {"DefaultTensorType": TensorProto.FLOAT}
    small = os.path.join(directory, "int8.onnx")
    quantize_dynamic(model, small, per_channel=True, weight_type=QuantType.QInt8, extra_options=options)


if __name__ == "__main__":
    main()
