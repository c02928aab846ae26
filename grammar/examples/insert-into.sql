INSERT INTO all_readings SELECT * FROM readings_of_site_a;
INSERT INTO all_readings WITH (query_id = 'site_b') SELECT sensor, celsius FROM readings_of_site_b PARTITION BY sensor EMIT CHANGES;
