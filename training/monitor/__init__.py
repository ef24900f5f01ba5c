"""Monitors by target during RL, validation sweeps, alarms."""
