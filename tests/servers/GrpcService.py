# SPDX-License-Identifier: Apache-2.0
"""The gRPC side of inferenceServer.py: grpcio carries, Google's protobuf library reads and writes."""
import concurrent.futures
import struct
import sys

import grpc

from ServedModel import HUGE_BYTES, TENSORFLOW, Refusal, asColumn, pack, unpack
from ProtocolMessages import INFERENCE, SERVING

CONTENTS = {"BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
            "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
            "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents"}
V2_NAMES = {number: name for name, (number, _) in TENSORFLOW.items()}


def grpcFault(model, context):
    """Ends the call where the mode says so."""
    codes = {"error500": grpc.StatusCode.INTERNAL, "busy503": grpc.StatusCode.UNAVAILABLE,
             "missing404": grpc.StatusCode.NOT_FOUND, "redirect": grpc.StatusCode.UNIMPLEMENTED,
             "html": grpc.StatusCode.UNAVAILABLE, "cut": grpc.StatusCode.UNAVAILABLE}
    if model.mode in codes:
        context.abort(codes[model.mode], f"mode {model.mode}: ü")


def metadataV2(model, request, context):
    if request.name != model.name:
        context.abort(grpc.StatusCode.NOT_FOUND, f"no model {request.name}")
    answer = INFERENCE["ModelMetadataResponse"](name=model.name, versions=["1"], platform="test")
    for name, datatype, shape in model.inputs:
        answer.inputs.add(name=name, datatype=datatype, shape=shape)
    answer.outputs.add(name="score", datatype=model.outputType, shape=[-1, 1])
    return answer


def inferV2(model, request, context):
    columns = {}
    for place, tensor in enumerate(request.inputs):
        if request.raw_input_contents:
            values = unpack(request.raw_input_contents[place], tensor.datatype)
        else:
            values = list(getattr(tensor.contents, CONTENTS[tensor.datatype]))
            values = [value.decode() for value in values] if tensor.datatype == "BYTES" else values
        columns[tensor.name] = asColumn(tensor.name, list(tensor.shape), values)
    scores = model.score(columns)
    answer = INFERENCE["ModelInferResponse"](model_name=model.name, id=request.id)
    output = answer.outputs.add(name="score", datatype=model.outputType, shape=model.shape(scores))
    if model.mode == "text":
        output.datatype = "BYTES"
        output.contents.bytes_contents.extend([b"text"] * len(scores))
    elif request.raw_input_contents:
        packed = pack(scores, model.outputType)
        packed = packed[:-1] if model.mode == "truncated" else packed
        answer.raw_output_contents.append(b"\0" * HUGE_BYTES if model.mode == "huge" else packed)
    else:
        scores = scores[:-1] if model.mode == "truncated" else scores
        scores = [0.0] * (HUGE_BYTES // 8) if model.mode == "huge" else scores
        getattr(output.contents, CONTENTS[model.outputType]).extend(scores)
    return answer


def metadataTfs(model, request, context):
    if request.model_spec.name != model.name:
        context.abort(grpc.StatusCode.NOT_FOUND, f"no model {request.model_spec.name}")
    signatures = SERVING["SignatureDefMap"]()
    signature = signatures.signature_def["serving_default"]
    for name, datatype, shape in model.inputs:
        signature.inputs[name].dtype = TENSORFLOW[datatype][0]
        for size in shape:
            signature.inputs[name].tensor_shape.dim.add(size=size)
    signature.outputs["score"].dtype = TENSORFLOW[model.outputType][0]
    for size in (-1, 1):
        signature.outputs["score"].tensor_shape.dim.add(size=size)
    answer = SERVING["GetModelMetadataResponse"]()
    answer.metadata["signature_def"].value = signatures.SerializeToString()
    return answer


def predictTfs(model, request, context):
    columns = {}
    for name, tensor in request.inputs.items():
        datatype = V2_NAMES[tensor.dtype]
        shape = [dim.size for dim in tensor.tensor_shape.dim]
        values = [text.decode() for text in tensor.string_val] if datatype == "BYTES" else unpack(
            tensor.tensor_content, datatype)
        columns[name] = asColumn(name, shape, values)
    scores = model.score(columns)
    answer = SERVING["PredictResponse"]()
    output = answer.outputs["score"]
    output.dtype = TENSORFLOW[model.outputType][0]
    for size in model.shape(scores):
        output.tensor_shape.dim.add(size=size)
    if model.mode == "text":
        output.dtype = 7
        output.string_val.extend([b"text"] * len(scores))
    elif model.mode == "huge":
        output.tensor_content = b"\0" * HUGE_BYTES
    elif model.mode == "truncated":
        output.tensor_content = pack(scores, model.outputType)[:-1]
    elif len(scores) % 2:
        output.tensor_content = pack(scores, model.outputType)
    else:
        (output.float_val if model.outputType == "FP32" else output.double_val).extend(scores)
    return answer


def method(model, messages, answerer, requestName, answerName):
    def handle(request, context):
        grpcFault(model, context)
        try:
            return answerer(model, request, context)
        except (Refusal, ValueError, KeyError, struct.error) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{type(error).__name__}: {error}")

    return grpc.unary_unary_rpc_method_handler(
        handle, request_deserializer=messages[requestName].FromString,
        response_serializer=messages[answerName].SerializeToString)


def start(model, port):
    """Serves both protocols; returns the port."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(32), options=[
        ("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", 64 << 20)])
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("inference.GRPCInferenceService", {
            "ModelMetadata": method(model, INFERENCE, metadataV2, "ModelMetadataRequest", "ModelMetadataResponse"),
            "ModelInfer": method(model, INFERENCE, inferV2, "ModelInferRequest", "ModelInferResponse")}),
        grpc.method_handlers_generic_handler("tensorflow.serving.PredictionService", {
            "GetModelMetadata": method(model, SERVING, metadataTfs, "GetModelMetadataRequest",
                                       "GetModelMetadataResponse"),
            "Predict": method(model, SERVING, predictTfs, "PredictRequest", "PredictResponse")})))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    # The server stops when it is collected.
    sys.modules[__name__].running = server
    return bound
