-- The same model behind two topics of the program's broker, which ./topicServer.py answers. See README.md.
CREATE MODEL fraud (
  amount DOUBLE, country VARCHAR DEFAULT '', category VARCHAR DEFAULT '', card_age INT, hour INT, n_1h INT
) WITH (
  DEPLOYMENT = 'KAFKA',
  PROTOCOL = 'MLSERVER',
  REQUEST_TOPIC = 'fraud-requests',
  REPLY_TOPIC = 'fraud-replies',
  PARTITIONS = 2,
  REMOTE_MODEL = 'fraud',
  LAYOUT = 'COLUMNS',
  BATCH_MAX_ROWS = 256,
  TIMEOUT = '2 SECONDS',
  ON_ERROR = 'DLQ',
  ON_UNAVAILABLE = 'WAIT'
);
