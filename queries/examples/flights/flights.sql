-- Will a flight land more than 15 minutes late? Real departures from New York in 2013, scored at
-- the gate by a model that has seen only the months before October. See README.md.

-- A row of the file becomes a JSON record of the topic, under the names of the file's first line.
CREATE SOURCE CONNECTOR flights_file WITH (
  'connector.class' = 'file',
  'path' = 'flights-sample.csv',
  'topic' = 'flights',
  'key' = 'flight_id',
  'partitions' = '4'
);

-- Columns that are not named here (arr_delay among them) are not read.
CREATE STREAM flights (
  flight_id VARCHAR KEY,
  month INT,
  day INT,
  hour INT,
  minute INT,
  dep_delay INT,
  distance INT,
  carrier VARCHAR,
  origin VARCHAR,
  dest VARCHAR
) WITH (KAFKA_TOPIC = 'flights', VALUE_FORMAT = 'JSON');

CREATE MODEL late_arrival WITH (URI = 'late_arrival.ubj');

-- The star takes each of the model's features from the column of that name. A cancelled flight
-- has no departure delay: the model takes a NULL as missing.
CREATE STREAM scored AS
  SELECT
    flight_id,
    carrier,
    origin,
    dest,
    dep_delay,
    PREDICT('late_arrival', *) AS risk
  FROM flights
  EMIT CHANGES;

-- Flights that left a little late: which of them will not make up for it?
SELECT flight_id, carrier, origin, dest, dep_delay, ROUND(risk, 3) AS risk
FROM scored
WHERE dep_delay BETWEEN 5 AND 20
LIMIT 15;
