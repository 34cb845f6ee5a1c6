"""From a chunk's bytes to clean rows and rejects. Imports no database."""
