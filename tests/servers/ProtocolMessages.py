# SPDX-License-Identifier: Apache-2.0
"""The protobuf messages of the Open Inference Protocol and of TensorFlow Serving, declared as their .proto files
declare them and built by Google's own library: what the engine's codecs, written by hand, are held against."""
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto
TYPES = {"bool": FIELD.TYPE_BOOL, "int32": FIELD.TYPE_INT32, "int64": FIELD.TYPE_INT64, "uint32": FIELD.TYPE_UINT32,
         "uint64": FIELD.TYPE_UINT64, "float": FIELD.TYPE_FLOAT, "double": FIELD.TYPE_DOUBLE,
         "string": FIELD.TYPE_STRING, "bytes": FIELD.TYPE_BYTES}

# Message -> "name=number type", "*" for repeated, "{T}" for map<string, T>.
V2 = {
    "InferParameter": "bool_param=1 bool, int64_param=2 int64, string_param=3 string, double_param=4 double",
    "InferTensorContents": "bool_contents=1 *bool, int_contents=2 *int32, int64_contents=3 *int64, "
                           "uint_contents=4 *uint32, uint64_contents=5 *uint64, fp32_contents=6 *float, "
                           "fp64_contents=7 *double, bytes_contents=8 *bytes",
    "InferTensor": "name=1 string, datatype=2 string, shape=3 *int64, parameters=4 {InferParameter}, "
                   "contents=5 InferTensorContents",
    "InferRequestedOutput": "name=1 string, parameters=2 {InferParameter}",
    "ModelInferRequest": "model_name=1 string, model_version=2 string, id=3 string, parameters=4 {InferParameter}, "
                         "inputs=5 *InferTensor, outputs=6 *InferRequestedOutput, raw_input_contents=7 *bytes",
    "ModelInferResponse": "model_name=1 string, model_version=2 string, id=3 string, "
                          "parameters=4 {InferParameter}, outputs=5 *InferTensor, raw_output_contents=6 *bytes",
    "TensorMetadata": "name=1 string, datatype=2 string, shape=3 *int64",
    "ModelMetadataRequest": "name=1 string, version=2 string",
    "ModelMetadataResponse": "name=1 string, versions=2 *string, platform=3 string, inputs=4 *TensorMetadata, "
                             "outputs=5 *TensorMetadata",
}
TFS = {
    "Dim": "size=1 int64, name=2 string",
    "TensorShapeProto": "dim=2 *Dim, unknown_rank=3 bool",
    "TensorProto": "dtype=1 int32, tensor_shape=2 TensorShapeProto, tensor_content=4 bytes, float_val=5 *float, "
                   "double_val=6 *double, int_val=7 *int32, string_val=8 *bytes, int64_val=10 *int64, "
                   "bool_val=11 *bool, half_val=13 *int32, uint32_val=16 *uint32, uint64_val=17 *uint64",
    "Int64Value": "value=1 int64",
    "ModelSpec": "name=1 string, version=2 Int64Value, signature_name=3 string, version_label=4 string",
    "PredictRequest": "model_spec=1 ModelSpec, inputs=2 {TensorProto}, output_filter=3 *string",
    "PredictResponse": "outputs=1 {TensorProto}, model_spec=2 ModelSpec",
    "TensorInfo": "name=1 string, dtype=2 int32, tensor_shape=3 TensorShapeProto",
    "SignatureDef": "inputs=1 {TensorInfo}, outputs=2 {TensorInfo}, method_name=3 string",
    "SignatureDefMap": "signature_def=1 {SignatureDef}",
    "Any": "type_url=1 string, value=2 bytes",
    "GetModelMetadataRequest": "model_spec=1 ModelSpec, metadata_field=2 *string",
    "GetModelMetadataResponse": "model_spec=1 ModelSpec, metadata=2 {Any}",
}


def addField(message, package, text):
    name, number, kind = text.replace("=", " ").split()
    field = message.field.add(name=name, number=int(number))
    field.label = FIELD.LABEL_REPEATED if kind[0] in "*{" else FIELD.LABEL_OPTIONAL
    target = kind.strip("*{}")
    if kind[0] == "{":
        entry = message.nested_type.add(name=name.title().replace("_", "") + "Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=FIELD.TYPE_STRING, label=FIELD.LABEL_OPTIONAL)
        entry.field.add(name="value", number=2, type=FIELD.TYPE_MESSAGE, label=FIELD.LABEL_OPTIONAL,
                        type_name=f".{package}.{target}")
        field.type, field.type_name = FIELD.TYPE_MESSAGE, f".{package}.{message.name}.{entry.name}"
    elif target in TYPES:
        field.type = TYPES[target]
    else:
        field.type, field.type_name = FIELD.TYPE_MESSAGE, f".{package}.{target}"


def makeMessages(package, declarations):
    file = descriptor_pb2.FileDescriptorProto(name=package + ".proto", package=package, syntax="proto3")
    for name, fields in declarations.items():
        message = file.message_type.add(name=name)
        for field in fields.split(", "):
            addField(message, package, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
            for name in declarations}


INFERENCE = makeMessages("inference", V2)
SERVING = makeMessages("tensorflow.serving", TFS)
