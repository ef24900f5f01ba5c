"""Runs: execution, the run's folder, reports, scoring and comparison of runs."""
