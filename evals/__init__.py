"""Measuring how good the answers are. Start reading at `evals.run`."""
