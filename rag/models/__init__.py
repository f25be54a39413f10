"""The shipped models and where they come from: data, no code. `evals/fitting` makes them."""
