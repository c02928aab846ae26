ASSERT STREAM warm (sensor STRING KEY, fahrenheit DOUBLE) WITH (kafka_topic = 'WARM', value_format = 'JSON');
ASSERT TABLE sensors (id STRING PRIMARY KEY) WITH (kafka_topic = 'sensors', format = 'AVRO');
