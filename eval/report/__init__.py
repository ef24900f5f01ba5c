"""The report page, its tables and figures, and the model card."""
