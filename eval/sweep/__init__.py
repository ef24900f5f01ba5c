"""The threshold sweep: what is asked, the responses, and how they are stored and resumed."""
