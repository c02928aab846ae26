INSERT INTO readings (sensor, celsius, place) VALUES ('s-1', 21.5, STRUCT(building := 'A', floor := 2));
INSERT INTO readings VALUES ('s-2', -3.0, NULL);

-- Several rows at once.
INSERT INTO readings (ROWTIME, sensor) VALUES (1000, 's-3'), (2000, CONCAT('s', '-4'));
