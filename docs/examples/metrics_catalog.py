from llmtrack.ledger.metrics import DIMENSIONS, METRICS, Dimension, Metric

cost: Metric = METRICS["cost"]
print(cost.unit, cost.additive)  # usd True
feature: Dimension = DIMENSIONS["feature"]
print(feature.doc)  # The part of a product that made the call.
