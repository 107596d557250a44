"""What to do: gates, capacity, plan, uncertainty, verdict."""
