"""The model file: its card, sessions that run it, proof and tuning."""
