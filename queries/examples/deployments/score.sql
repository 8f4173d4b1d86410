-- Scores payments by the model `fraud`, wherever that is: run it behind one of embeddedModel.sql,
-- servedModel.sql, topicModel.sql and guardedModel.sql, which differ in CREATE MODEL only. See README.md.

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

CREATE STREAM scored_payments AS
  SELECT id, card, amount, PREDICT('fraud', *) AS risk, MODEL_VARIANT('fraud', *) AS scorer
  FROM payments
  EMIT CHANGES;

CREATE TABLE scorers AS
  SELECT scorer, COUNT(*) AS n, SUM(CASE WHEN risk >= 0.5 THEN 1 ELSE 0 END) AS alerts,
    ROUND(SUM(risk), 3) AS risks
  FROM scored_payments
  GROUP BY scorer
  EMIT CHANGES;

SELECT scorer, n, alerts, risks FROM scorers;
