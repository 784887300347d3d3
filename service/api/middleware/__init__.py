"""ASGI middleware; ``service/app.py`` has the order."""
