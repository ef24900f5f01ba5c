"""The audit of a run, a model or logged outputs against arXiv:2509.04664."""
