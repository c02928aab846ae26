"""Records by Confluent's serializers for Python: `write` prints one a format in base64, `read` prints what others have written as JSON."""

import base64
import json
import sys
from decimal import Decimal

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

AVRO = json.dumps(
    {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": "item", "type": "string"},
            {"name": "amount", "type": "long"},
            {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
            {"name": "extra", "type": {"type": "map", "values": "int"}},
        ],
    }
)
JSON = json.dumps(
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Order",
        "type": "object",
        "properties": {"item": {"type": "string"}, "amount": {"type": "integer"}},
    }
)


def order_class(name, fields):
    """A message class of these fields: name to (number, type)."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package="records", syntax="proto3")
    message = file.message_type.add(name=name)
    for field, (number, kind) in fields.items():
        label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
        message.field.add(name=field, number=number, type=kind, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"records.{name}"))


def context(topic):
    return SerializationContext(topic, MessageField.VALUE)


def write(client):
    kinds = descriptor_pb2.FieldDescriptorProto
    order = {"item": "é", "amount": 2**53 + 1}
    avro = AvroSerializer(client, AVRO)(
        {**order, "price": Decimal("12.50"), "tags": ["a", ""], "extra": {"k": 1}}, context("rec-avro")
    )
    as_json = JSONSerializer(JSON, client)(order, context("rec-json"))
    message = order_class("Order", {"item": (1, kinds.TYPE_STRING), "amount": (2, kinds.TYPE_INT64)})
    conf = {"use.deprecated.format": False}
    protobuf = ProtobufSerializer(message, client, conf)(message(**order), context("rec-protobuf"))
    records = {"avro": avro, "json": as_json, "protobuf": protobuf}
    print(json.dumps({name: base64.b64encode(record).decode() for name, record in records.items()}))


def read(client, records):
    kinds = descriptor_pb2.FieldDescriptorProto
    message = order_class("ConnectDefault1", {"ITEM": (1, kinds.TYPE_STRING), "AMOUNT": (2, kinds.TYPE_INT64)})
    conf = {"use.deprecated.format": False}
    avro = AvroDeserializer(client)(base64.b64decode(records["avro"]), context("OUT_AVRO"))
    from_json = JSONDeserializer(None, schema_registry_client=client)(
        base64.b64decode(records["json"]), context("OUT_JSON")
    )
    protobuf = ProtobufDeserializer(message, conf, client)(
        base64.b64decode(records["protobuf"]), context("OUT_PROTOBUF")
    )
    fields = json_format.MessageToDict(protobuf, preserving_proto_field_name=True)
    print(json.dumps({"avro": avro, "json": from_json, "protobuf": fields}, default=str))


client = SchemaRegistryClient({"url": sys.argv[1]})
if sys.argv[2] == "write":
    write(client)
else:
    read(client, json.loads(sys.argv[3]))
