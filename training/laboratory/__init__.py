"""The laboratory's base model, made from scratch: pre-training, tokenizer, optimizer."""
