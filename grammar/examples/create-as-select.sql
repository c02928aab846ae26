-- A filter with computed columns.
CREATE STREAM warm AS
  SELECT sensor, celsius * 9 / 5 + 32 AS fahrenheit, UCASE(place->building) building
  FROM readings
  WHERE celsius BETWEEN 20 AND 40 AND sensor NOT LIKE 'test!_%' ESCAPE '!'
  EMIT CHANGES;

-- Counts in windows, emitted once each window has closed.
CREATE OR REPLACE TABLE per_minute WITH (key_format = 'JSON', partitions = 3) AS
  SELECT sensor, place->floor AS floor, COUNT(*) AS n, WINDOWSTART AS starts_at
  FROM readings
  WINDOW TUMBLING (SIZE 1 MINUTE, RETENTION 7 DAYS, GRACE PERIOD 10 SECONDS)
  WHERE celsius IS NOT NULL
  GROUP BY sensor, place->floor
  HAVING COUNT(*) > 10 OR NOT MAX(celsius) < 30
  EMIT FINAL;

-- A join of two streams within a time, then with a table.
CREATE STREAM IF NOT EXISTS alarms_in_context AS
  SELECT r.sensor, a.level, s.`Model name` AS model
  FROM readings r
    INNER JOIN alarms AS a WITHIN (1 HOUR, 30 SECONDS) GRACE PERIOD 5 MINUTES ON r.sensor = a.sensor
    LEFT JOIN sensors s ON r.sensor = s.id
  PARTITION BY r.sensor;
