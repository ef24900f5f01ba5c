"""What would make a run fail late or lose its target, found before anything is trained."""
