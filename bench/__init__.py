"""Measures the face engine: accuracy, speed beside its peers, and search. It imports the product, never the reverse."""
