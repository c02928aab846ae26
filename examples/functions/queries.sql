-- What visitors have searched for, with functions of our own: INITIALS, WORDS and SPREAD.

CREATE STREAM searches (
    id INT KEY,
    visitor VARCHAR,
    asked VARCHAR,
    took_ms BIGINT
  ) WITH (
    KAFKA_TOPIC = 'searches',
    VALUE_FORMAT = 'JSON',
    PARTITIONS = 1
  );

CREATE STREAM words AS
  SELECT id, INITIALS(visitor) AS who, WORDS(asked) AS word
  FROM searches
  EMIT CHANGES;

CREATE TABLE visitors AS
  SELECT visitor, COUNT(*) AS searches, SPREAD(took_ms) AS spread_ms
  FROM searches
  GROUP BY visitor
  EMIT CHANGES;
