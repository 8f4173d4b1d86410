-- The same model behind a server, which ./modelServer.py is. See README.md.
CREATE MODEL fraud (
  amount DOUBLE, country VARCHAR DEFAULT '', category VARCHAR DEFAULT '', card_age INT, hour INT, n_1h INT
) WITH (
  DEPLOYMENT = 'RPC',
  PROTOCOL = 'V2_HTTP',
  ENDPOINT = '127.0.0.1:8080',
  REMOTE_MODEL = 'fraud',
  LAYOUT = 'COLUMNS',
  BATCH_MAX_ROWS = 256,
  TIMEOUT = '2 SECONDS',
  ON_ERROR = 'DLQ',
  ON_UNAVAILABLE = 'WAIT'
);
