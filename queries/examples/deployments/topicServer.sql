-- The engine as the model server of others: requests in one topic, replies in another. See README.md.

CREATE MODEL fraud WITH (URI = '../fraud/fraud_v2.ubj');

-- Plain JSON; PROTOCOL = 'MLSERVER' or 'SELDON' answers clients of those.
SERVE MODEL fraud WITH (
  REQUEST_TOPIC = 'fraud-requests',
  REPLY_TOPIC = 'fraud-replies',
  MODEL_NAME = 'fraud',
  PARTITIONS = 4
);

SHOW SERVED MODELS;
