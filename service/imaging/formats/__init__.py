"""One parser for each file format: it reads the structure of the whole file and selects the parts for the decoder."""
