"""Drawings of a verdict: charts, documents and notebooks."""
