"""The index: SQLite, which says what is true, and Chroma, which finds the nearest vectors."""
