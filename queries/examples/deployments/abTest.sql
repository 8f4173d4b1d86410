-- Two versions of a model share the cards: nine tenths for the champion, the rest for the
-- challenger. See README.md.

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

CREATE MODEL fraud WITH (URI = '../fraud/fraud_v2.ubj', ITERATIONS = '20');
ALTER MODEL fraud ADD VERSION WITH (URI = '../fraud/fraud_v2.ubj');
ALTER MODEL fraud SET ALIAS champion = 1;
ALTER MODEL fraud SET ALIAS challenger = 2;

-- By the card: all payments of one go the same way. Another salt deals the cards anew.
ALTER MODEL fraud SPLIT champion 90, challenger 10 BY card SALT 'autumn';

CREATE STREAM scored_payments AS
  SELECT id, card, PREDICT('fraud', *) AS risk, MODEL_VARIANT('fraud', *) AS variant
  FROM payments
  EMIT CHANGES;

CREATE TABLE variants AS
  SELECT variant, COUNT(*) AS n, SUM(CASE WHEN risk >= 0.5 THEN 1 ELSE 0 END) AS alerts
  FROM scored_payments
  GROUP BY variant
  EMIT CHANGES;

-- Scored beside what serves, for one row in ten, and kept in a topic of its own.
ALTER MODEL fraud SHADOW challenger SAMPLE 0.1;

CREATE STREAM shadows (
  id VARCHAR KEY,
  version INT,
  score DOUBLE,
  shadowVersion INT,
  shadowScore DOUBLE
) WITH (KAFKA_TOPIC = 'CSAS_SCORED_PAYMENTS_0-shadows', VALUE_FORMAT = 'JSON');

CREATE TABLE shadowed AS
  SELECT version, COUNT(*) AS n, ROUND(AVG(ABS(score - shadowScore)), 3) AS shadow_difference
  FROM shadows
  GROUP BY version
  EMIT CHANGES;

SHOW MODEL VERSIONS fraud;

SELECT * FROM variants;

SELECT * FROM shadowed;
