-- Which card payments are fraud? Generated payments, scored one by one, and the risky ones kept.
-- See README.md.

CREATE SOURCE CONNECTOR payments_file WITH (
  'connector.class' = 'file',
  'path' = 'payments.ndjson',
  'topic' = 'payments',
  'key' = 'id',
  'partitions' = '4'
);

CREATE STREAM payments (
  id VARCHAR KEY,
  card VARCHAR,
  amount DOUBLE,
  country VARCHAR,
  category VARCHAR,
  card_age INT,
  hour INT,
  n_1h INT
) WITH (KAFKA_TOPIC = 'payments', VALUE_FORMAT = 'JSON');

CREATE MODEL fraud_v2 WITH (URI = 'fraud_v2.ubj');

CREATE STREAM scored_payments AS
  SELECT id, card, amount, country, category, PREDICT('fraud_v2', *) AS risk
  FROM payments
  EMIT CHANGES;

-- A query may read what another one writes.
CREATE STREAM alerts AS
  SELECT
    id,
    card,
    amount,
    country,
    category,
    risk,
    CASE WHEN risk >= 0.9 THEN 'block' ELSE 'review' END AS action
  FROM scored_payments
  WHERE risk >= 0.5
  EMIT CHANGES;

-- A table: its state is kept, and goes on after a restart. A payment without a country is in no
-- group.
CREATE TABLE country_totals AS
  SELECT country, COUNT(*) AS n, SUM(amount) AS total
  FROM payments
  GROUP BY country
  EMIT CHANGES;

SELECT country, n, ROUND(total, 2) AS total FROM country_totals;

SELECT card, amount, country, category, ROUND(risk, 3) AS risk, action FROM alerts LIMIT 20;
