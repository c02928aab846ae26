-- A stream over a topic of JSON records, created with its topic.
CREATE STREAM readings (
  sensor STRING KEY,
  celsius DOUBLE,
  taken_at TIMESTAMP,
  place STRUCT<building STRING, floor INT, tags ARRAY<STRING>>,
  extras MAP<STRING, STRING>,
  all_headers ARRAY<STRUCT<key STRING, value BYTES>> HEADERS
) WITH (kafka_topic = 'readings', value_format = 'JSON', partitions = 6, timestamp = 'taken_at');

-- A table needs a primary key; names in quotes keep their case.
CREATE OR REPLACE TABLE IF NOT EXISTS sensors (
  id STRING PRIMARY KEY,
  `Model name` VARCHAR(80),
  price DECIMAL(8, 2),
  history INT ARRAY,
  trace BYTES HEADER('trace-id')
) WITH ("KAFKA_TOPIC" = 'sensors', FORMAT = 'AVRO', REPLICAS = -1);

-- Read-only, with the columns taken from the schema registry.
CREATE SOURCE STREAM audit WITH (kafka_topic = 'audit', value_format = 'AVRO', wrap_single_value = FALSE);
