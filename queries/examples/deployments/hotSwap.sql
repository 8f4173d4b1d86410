-- A model's new version takes over while payments are scored. See README.md.

CREATE SOURCE CONNECTOR payments_file WITH (
  'connector.class' = 'file',
  'path' = '../fraud/payments.ndjson',
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

-- The first version is the model as it was after 20 of its 60 rounds of training.
CREATE MODEL fraud WITH (URI = '../fraud/fraud_v2.ubj', ITERATIONS = '20');

-- The query holds the alias `default`, not a version.
CREATE STREAM scored_payments AS
  SELECT id, card, amount, PREDICT('fraud', *) AS risk, MODEL_VERSION('fraud', *) AS version
  FROM payments
  EMIT CHANGES;

-- Loaded, checked and ready; it serves when an alias points at it:
--   ALTER MODEL fraud SET ALIAS default = 2;
--   ALTER MODEL fraud ROLLBACK;
ALTER MODEL fraud ADD VERSION WITH (URI = '../fraud/fraud_v2.ubj');

CREATE TABLE payments_by_version AS
  SELECT version, COUNT(*) AS n, SUM(CASE WHEN risk >= 0.5 THEN 1 ELSE 0 END) AS alerts
  FROM scored_payments
  GROUP BY version
  EMIT CHANGES;

SHOW MODEL VERSIONS fraud;

SELECT * FROM payments_by_version;
