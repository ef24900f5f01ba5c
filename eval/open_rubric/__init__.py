"""The open-rubric experiment: the same questions with and without the scoring rule in the prompt, at four penalties."""
