ASSERT NULL VALUES per_minute (sensor) KEY ('s-1');
