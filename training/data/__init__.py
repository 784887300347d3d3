"""Data sets: one adapter each, one sample type, one prepared form that training reads."""
