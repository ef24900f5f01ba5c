"""The reward and the sweep written out for other trainers and evaluation harnesses."""
