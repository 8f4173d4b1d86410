-- The model in the engine's own process. See README.md.
CREATE MODEL fraud WITH (URI = '../fraud/fraud_v2.ubj');
