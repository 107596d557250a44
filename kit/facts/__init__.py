"""Dated public facts: accelerators, models, providers, quality, latency, energy, and what stands in for silence."""
