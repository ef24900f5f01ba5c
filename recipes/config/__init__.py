"""Recipes: schema, loading and layers, kinds of graders, payoffs and schedules."""
