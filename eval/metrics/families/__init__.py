"""Every metric, said once, by the question it answers: key, label, definition, needs, and where it is shown."""
