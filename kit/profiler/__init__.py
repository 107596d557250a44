"""What the machine does with a model."""
