"""Decoding photos where a crash or a stall costs one photo: in processes of their own."""
