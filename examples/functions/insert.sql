INSERT INTO searches VALUES
  (1, 'Ada Lovelace', 'analytical engine', 35),
  (2, 'Grace Hopper', 'nanoseconds of wire', 12),
  (3, 'Ada Lovelace', 'bernoulli numbers', 71);
