"""What usage costs whom: billing cycles, markup, forecasts, statements and limits."""
