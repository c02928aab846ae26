-- Where scripts can be run: the prompt and the test runner.
RUN SCRIPT 'setup/readings.sql';
