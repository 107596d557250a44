"""The exports that demand is read from, a module each: what it is called, how it is told, and how it is read."""
