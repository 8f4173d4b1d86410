-- The server scores; while it is away, and for rows that it refuses, the model in the engine does.
CREATE MODEL fraud_local WITH (URI = '../fraud/fraud_v2.ubj');
CREATE MODEL fraud (
  amount DOUBLE, country VARCHAR DEFAULT '', category VARCHAR DEFAULT '', card_age INT, hour INT, n_1h INT
) WITH (
  DEPLOYMENT = 'RPC',
  ENDPOINT = '127.0.0.1:8080',
  REMOTE_MODEL = 'fraud',
  LAYOUT = 'COLUMNS',
  TIMEOUT = '500 MILLISECONDS',
  RETRIES = 1,
  ON_ERROR = 'FALLBACK',
  ON_UNAVAILABLE = 'FALLBACK',
  FALLBACK = 'fraud_local'
);
