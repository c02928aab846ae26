-- Kafka counts retention from the time of a record, and departures are of 2001: a topic that keeps a week would lose them within minutes.
-- Topics that queries make take this from the topic that they read first.
CREATE STREAM flights_topic (date VARCHAR)
  WITH (KAFKA_TOPIC = 'flights', VALUE_FORMAT = 'JSON', PARTITIONS = 1, RETENTION_MS = -1);

-- The topic stays.
DROP STREAM flights_topic;
