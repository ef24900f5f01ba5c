"""How an answer is compared with the accepted ones: text, numbers, dates, units, choices, maths."""
