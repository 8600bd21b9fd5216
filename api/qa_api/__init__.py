"""The HTTP service over `qa`."""
