"""From a file to passages: what is read, by which reader, and what of it may be evidence."""
