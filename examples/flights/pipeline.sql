-- Departures of United States airports in the first 90 days of 2001: a table per airport and day, kept up to date.

-- The time of a record is the scheduled departure, not the moment it is read.
CREATE STREAM flights (
    date VARCHAR,
    delay INT,
    distance INT,
    origin VARCHAR,
    destination VARCHAR
  ) WITH (
    KAFKA_TOPIC = 'flights',
    VALUE_FORMAT = 'JSON',
    PARTITIONS = 1,
    TIMESTAMP = 'date',
    TIMESTAMP_FORMAT = 'yyyy/MM/dd HH:mm'
  );

CREATE TABLE airports (
    iata VARCHAR PRIMARY KEY,
    name VARCHAR,
    city VARCHAR,
    state VARCHAR,
    country VARCHAR,
    latitude DOUBLE,
    longitude DOUBLE
  ) WITH (
    KAFKA_TOPIC = 'airports',
    VALUE_FORMAT = 'JSON',
    PARTITIONS = 1
  );

-- LEFT: a flight from an airport that is not in the table still counts, without a city.
CREATE STREAM departures AS
  SELECT
    f.origin AS origin,
    a.city AS city,
    a.state AS state,
    f.destination AS destination,
    f.delay AS delay,
    f.distance AS distance
  FROM flights f
  LEFT JOIN airports a ON f.origin = a.iata
  EMIT CHANGES;

-- RETENTION covers the whole 90 days, so that every day can be read at the end.
CREATE TABLE airport_days AS
  SELECT
    origin,
    LATEST_BY_OFFSET(city, false) AS city,
    COUNT(*) AS flights,
    AVG(delay) AS average_delay,
    MAX(delay) AS greatest_delay
  FROM departures
  WINDOW TUMBLING (SIZE 1 DAY, RETENTION 100 DAYS, GRACE PERIOD 1 DAY)
  GROUP BY origin
  EMIT CHANGES;
