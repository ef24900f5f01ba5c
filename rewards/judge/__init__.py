"""A judge model as grader: requests, concurrency, cached verdicts."""
