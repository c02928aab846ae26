ALTER STREAM readings ADD COLUMN humidity DOUBLE, ADD pressure INT;
ALTER TABLE sensors ADD `Owner` STRING;
