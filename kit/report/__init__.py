"""Drawings of a verdict: charts, documents, notebooks; and the audit that makes them."""
