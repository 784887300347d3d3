"""One reader per file format: it understands the whole file and says which parts of it a decoder may see."""
