"""What a verdict is paid: payoffs, scores of a stated confidence, published presets, break-evens."""
