"""Batched decoding in process, with prefixes shared between prompts."""
