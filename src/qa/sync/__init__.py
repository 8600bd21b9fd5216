"""Keeps the index in step with folders and uploads: read, split, encode, write."""
