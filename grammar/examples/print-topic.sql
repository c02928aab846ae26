-- The case of the topic counts, quotes or not.
PRINT readings;
PRINT 'site-a.readings' FROM BEGINNING INTERVAL 10 LIMIT 3;
PRINT Readings SAMPLE 2;
