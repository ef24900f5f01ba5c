"""What happened? Backends that generate, threshold sweeps, metrics, reports."""
