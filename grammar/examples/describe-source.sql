DESCRIBE readings;
DESCRIBE per_minute EXTENDED;
-- Without quotes this would describe all tables.
DESCRIBE `TABLES`;
