-- A pull query ends; a push query goes on.
SELECT * FROM per_minute WHERE sensor = 's-1' AND WINDOWSTART >= '2030-01-01T00:00' LIMIT 10;
SELECT sensor, celsius FROM readings WHERE celsius > 1.5e1 EMIT CHANGES LIMIT 3;

-- Everything an expression can hold.
SELECT
  r.*,
  place->*,
  -9223372036854775808 AS least,
  - (-x) + +y - 2.50 * .5 / 1. % 3 AS arithmetic,
  'it''s' || ' ' || CAST(n AS VARCHAR) AS text,
  ARRAY[1, 2, 3][-1] AS last,
  MAP('a' := 1, 'b' := 2)['a'] AS a,
  STRUCT(lat := 47.1, lon := 8.5)->lat AS lat,
  CASE WHEN x > 0 THEN 'up' WHEN x < 0 THEN 'down' ELSE NULL END AS direction,
  CASE x WHEN 1 THEN TRUE ELSE FALSE END AS simple,
  TRANSFORM(tags, tag => UCASE(tag)) AS tags,
  REDUCE(m, 0, (state, k) => state + k) AS total,
  DATEADD(DAYS, 1, day) AS tomorrow,
  CAST(s AS STRUCT<a INT, b ARRAY<MAP<STRING, DECIMAL(4, 2)>>>) AS converted,
  DECIMAL '12' AS twelve,
  t AT TIME ZONE 'Europe/Zurich' AS local
FROM readings AS r
WHERE x IS DISTINCT FROM y AND (a IS NOT DISTINCT FROM b) AND c IN (1, 2, f(3)) AND d NOT IN ('x')
  AND NOT (e = TRUE OR g <> 'h' OR i != 'j') AND k NOT BETWEEN 1 AND 2
EMIT CHANGES;

-- The other windows and groupings.
SELECT COUNT(*) FROM a WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 500 MILLISECONDS) GROUP BY (b, c) EMIT CHANGES;
SELECT COUNT(*) FROM a WINDOW SESSION (30 MINUTES, RETENTION 2 HOURS) GROUP BY (d IS NULL), ABS(e) EMIT CHANGES;
SELECT * FROM a FULL OUTER JOIN b ON a.id = b.id RIGHT JOIN c ON a.id = c.id EMIT CHANGES;
