"""What things cost today: tokens at an API, rented GPUs, machines of one's own, and the price book of a verdict."""
