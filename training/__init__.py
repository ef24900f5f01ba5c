"""How does the model change? Base model, rubric warm-up, RL, monitors."""
