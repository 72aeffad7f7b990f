from llmtrack.ledger.metrics import DIMENSIONS, METRIC_GROUPS, METRICS, Dimension, Metric

cost: Metric = METRICS["cost"]
print(cost.unit, cost.additive)  # usd True
feature: Dimension = DIMENSIONS["feature"]
print(feature.doc)  # The part of a product that made the call.
print("cost" in METRIC_GROUPS["Money"])  # True
