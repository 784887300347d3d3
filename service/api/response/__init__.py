"""From an analysis to an answer: formats, JSON, pictures and their schemas."""
