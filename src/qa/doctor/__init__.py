"""Whether all of an index is there and right, and how it is mended."""
