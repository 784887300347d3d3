"""Owns the device: model file, sessions, lanes, and the line that a photo takes through them."""
