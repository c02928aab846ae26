-- Orders as they come in, and what each customer spent in each hour.

CREATE STREAM orders (
    id INT KEY,
    customer VARCHAR,
    amount DECIMAL(10, 2),
    ordered_at TIMESTAMP
  ) WITH (
    KAFKA_TOPIC = 'orders',
    VALUE_FORMAT = 'JSON',
    PARTITIONS = 1,
    TIMESTAMP = 'ordered_at'
  );

CREATE TABLE spending AS
  SELECT
    customer,
    COUNT(*) AS orders,
    SUM(amount) AS spent
  FROM orders
  WINDOW TUMBLING (SIZE 1 HOUR, RETENTION 7 DAYS, GRACE PERIOD 10 MINUTES)
  GROUP BY customer
  EMIT CHANGES;
