"""Network families, one folder each, and their registry."""
