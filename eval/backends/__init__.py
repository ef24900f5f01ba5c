"""What generates: transformers, vLLM, OpenAI-compatible endpoints."""
