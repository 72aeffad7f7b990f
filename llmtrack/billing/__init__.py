"""What may be spent and what was: limits, cycles, statements and forecasts."""
