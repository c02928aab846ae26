"""Uses a schema registry as Confluent's Python client does. Prints `ok` and the names of what was tried; fails otherwise.

Usage: schema_registry.py URL
"""

import json
import sys

from confluent_kafka.schema_registry import ConfigCompatibilityLevel, Schema, SchemaReference, SchemaRegistryClient, ServerConfig
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

USER = {"type": "record", "name": "User", "fields": [{"name": "name", "type": "string"}]}


def avro(*fields):
    return Schema(json.dumps({**USER, "fields": USER["fields"] + list(fields)}), "AVRO")


def refused(code, work):
    try:
        work()
    except SchemaRegistryError as error:
        assert error.error_code == code, f"{error.error_code} {error.error_message} instead of {code}"
        return
    raise AssertionError(f"{code} was expected, and nothing was refused")


def same(schema, text):
    return json.loads(schema.schema_str) == json.loads(text.schema_str)


def try_subjects(client):
    subject = "py/users value"
    first = client.register_schema(subject, avro())
    assert client.register_schema(subject, avro()) == first
    added = avro({"name": "age", "type": "int", "default": 0})
    second = client.register_schema_full_response(subject, added)
    assert (second.schema_id > first, second.version) == (True, 2), second
    assert same(client.get_schema(first), avro())
    assert client.get_schema(first).schema_type == "AVRO"
    found = client.lookup_schema(subject, added)
    assert (found.subject, found.version, found.schema_id) == (subject, 2, second.schema_id), found
    latest = client.get_latest_version(subject)
    assert (latest.version, same(latest.schema, added)) == (2, True), latest
    assert same(client.get_version(subject, 1).schema, avro())
    assert client.get_versions(subject) == [1, 2]
    assert client.get_subjects(subject_prefix="py/") == [subject]
    assert client.get_subjects_by_schema_id(first) == [subject]
    assert [(v.subject, v.version) for v in client.get_schema_versions(first)] == [(subject, 1)]
    assert sorted(client.get_schema_types()) == ["AVRO", "JSON", "PROTOBUF"]
    assert client.get_contexts() == ["."]
    refused(40401, lambda: client.get_latest_version("nobody"))
    refused(40403, lambda: client.get_schema(12345))
    refused(40403, lambda: client.lookup_schema(subject, avro({"name": "z", "type": "int"})))
    refused(42201, lambda: client.register_schema(subject, Schema('{"type": "nonsense"}', "AVRO")))


def try_compatibility(client):
    subject = "py-compatibility"
    client.register_schema(subject, avro())
    required = avro({"name": "age", "type": "int"})
    assert client.test_compatibility(subject, required) is False
    assert client.test_compatibility(subject, avro({"name": "age", "type": "int", "default": 0})) is True
    assert client.test_compatibility_all_versions(subject, required) is False
    refused(409, lambda: client.register_schema(subject, required))
    assert client.get_compatibility() == "BACKWARD"
    refused(40408, lambda: client.get_compatibility(subject))
    client.set_compatibility(subject, "none")
    assert client.get_compatibility(subject) == "NONE"
    assert client.register_schema(subject, required) > 0
    client.set_config(subject, ServerConfig(compatibility=ConfigCompatibilityLevel.FULL))
    assert client.get_config(subject).compatibility_level == "FULL"
    client.delete_config(subject)
    refused(40408, lambda: client.get_config(subject))
    refused(42203, lambda: client.set_compatibility(subject, "GOOD"))


def try_modes(client):
    subject = "py-modes"
    assert client.get_global_mode() == "READWRITE"
    assert client.update_mode(subject, "READONLY") == "READONLY"
    assert client.get_mode(subject) == "READONLY"
    refused(42205, lambda: client.register_schema(subject, avro()))
    assert client.delete_mode(subject) == "READONLY"
    assert client.register_schema(subject, avro()) > 0


def try_deletion(client):
    subject = "py-deletion"
    client.register_schema(subject, avro())
    client.register_schema(subject, avro({"name": "age", "type": "int", "default": 0}))
    assert client.delete_version(subject, 1) == 1
    assert client.get_versions(subject) == [2]
    assert client.get_versions(subject, deleted=True) == [1, 2]
    refused(40402, lambda: client.get_version(subject, 1))
    assert client.get_version(subject, 1, deleted=True).version == 1
    assert client.delete_subject(subject) == [2]
    assert subject not in client.get_subjects()
    assert subject in client.get_subjects(deleted=True)
    refused(40404, lambda: client.delete_subject(subject))
    assert client.delete_subject(subject, permanent=True) == [1, 2]
    refused(40401, lambda: client.get_versions(subject))


def try_references(client):
    address = Schema('{"type": "record", "name": "Address", "namespace": "py", "fields": [{"name": "city", "type": "string"}]}')
    client.register_schema("py.Address", address)
    person = Schema(
        '{"type": "record", "name": "Person", "namespace": "py", "fields": [{"name": "home", "type": "py.Address"}]}',
        "AVRO",
        [SchemaReference("py.Address", "py.Address", 1)],
    )
    user = client.register_schema("py-person", person)
    assert client.get_referenced_by("py.Address", 1) == [user]
    assert client.get_schema(user).references[0].subject == "py.Address"
    refused(42206, lambda: client.delete_subject("py.Address"))


def round_trip(topic, serializer, deserializer, value):
    """What comes back, and the id that the record was framed with."""
    context = SerializationContext(topic, MessageField.VALUE)
    data = serializer(value, context)
    assert data[0] == 0
    return deserializer(data, context), int.from_bytes(data[1:5], "big")


def try_avro(client):
    from decimal import Decimal

    from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer

    schema = avro({"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}})
    value = {"name": "ann", "total": Decimal("12.50")}
    back, used = round_trip("py-avro", AvroSerializer(client, schema.schema_str), AvroDeserializer(client), value)
    assert back == value, back
    assert client.get_latest_version("py-avro-value").schema_id == used


def try_json(client):
    from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer

    text = json.dumps(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Order",
            "type": "object",
            "properties": {"id": {"type": "integer"}, "note": {"type": "string"}},
            "required": ["id"],
        }
    )
    value = {"id": 7, "note": "x"}
    serializer = JSONSerializer(text, client)
    back, used = round_trip("py-json", serializer, JSONDeserializer(text, schema_registry_client=client), value)
    assert back == value, back
    latest = client.get_latest_version("py-json-value")
    assert (latest.schema_id, latest.schema.schema_type) == (used, "JSON")


def messages():
    """Classes of messages, made as protoc would have made them: a file that imports one of ours and one of Google's."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

    kinds = descriptor_pb2.FieldDescriptorProto
    base = descriptor_pb2.FileDescriptorProto(name="py/base.proto", package="py", syntax="proto3")
    city = base.message_type.add(name="City")
    city.field.add(name="name", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    base.enum_type.add(name="Unused").value.add(name="NOTHING", number=0)

    main = descriptor_pb2.FileDescriptorProto(name="py/trip.proto", package="py", syntax="proto3")
    main.dependency.extend(["py/base.proto", timestamp_pb2.DESCRIPTOR.name])
    trip = main.message_type.add(name="Trip")
    trip.field.add(name="id", number=1, type=kinds.TYPE_INT64, label=kinds.LABEL_OPTIONAL)
    stops = trip.field.add(name="stops", number=2, type=kinds.TYPE_MESSAGE, label=kinds.LABEL_REPEATED)
    stops.type_name = ".py.City"
    start = trip.field.add(name="start", number=3, type=kinds.TYPE_MESSAGE, label=kinds.LABEL_OPTIONAL)
    start.type_name = ".google.protobuf.Timestamp"
    entry = trip.nested_type.add(name="CountsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=kinds.TYPE_INT32, label=kinds.LABEL_OPTIONAL)
    counts = trip.field.add(name="counts", number=4, type=kinds.TYPE_MESSAGE, label=kinds.LABEL_REPEATED)
    counts.type_name = ".py.Trip.CountsEntry"
    trip.oneof_decl.add(name="_note")
    note = trip.field.add(name="note", number=5, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    note.proto3_optional = True
    note.oneof_index = 0

    pool = descriptor_pool.Default()
    pool.Add(base)
    pool.Add(main)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("py.Trip"))


def try_protobuf(client):
    from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer

    trip = messages()
    value = trip(id=2**53 + 1, stops=[{"name": "Ulm"}], start={"seconds": 5}, counts={"a": 1}, note="")
    conf = {"use.deprecated.format": False}
    serializer = ProtobufSerializer(trip, client, conf)
    deserializer = ProtobufDeserializer(trip, conf, client)
    back, used = round_trip("py-protobuf", serializer, deserializer, value)
    assert back == value, back
    registered = client.get_latest_version("py-protobuf-value")
    assert registered.schema_id == used
    text = registered.schema.schema_str
    assert "message Trip {" in text and "map<string, int32> counts = 4;" in text, text
    assert [(r.name, r.subject) for r in registered.schema.references] == [("py/base.proto", "py/base.proto")]
    assert "enum Unused" in client.get_latest_version("py/base.proto").schema.schema_str


TRIES = [
    try_subjects,
    try_compatibility,
    try_modes,
    try_deletion,
    try_references,
    try_avro,
    try_json,
    try_protobuf,
]


def main(url):
    for one in TRIES:
        # A client remembers what it has registered, deleted or not.
        one(SchemaRegistryClient({"url": url}))
    print("ok " + " ".join(one.__name__[len("try_"):] for one in TRIES))


main(sys.argv[1])
