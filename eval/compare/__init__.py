"""Two systems on the same items: matching, differences, intervals, p-values."""
