"""Documentation; ``docs.reference`` generates a part of it."""
