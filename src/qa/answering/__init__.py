"""From evidence to the answer in quotes, verified against the stored text."""
