"""Specification of what one sees and moves in a notebook."""
