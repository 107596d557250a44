"""What is in the machine."""
