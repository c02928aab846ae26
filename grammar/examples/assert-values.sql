--@test: an example of a test
ASSERT VALUES warm (sensor, fahrenheit) VALUES ('s-1', 70.7);
ASSERT VALUES warm VALUES ('s-1', 70.7, 'A');
