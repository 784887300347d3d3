"""All generated pages, from one started engine."""

import json

from pydantic import SecretStr

from docs.reference.http import http_page
from docs.reference.labels import labels_page, swatches
from service.app import create_app
from service.engine.engine import Engine
from service.settings import Settings


def generate_pages() -> dict[str, str]:
    """The text of every page, by its path within ``docs/``. The same service and model make the same text."""
    # Keys are set, so that the document says how to show one, and has the calls that need one to be there.
    keys = [SecretStr("any")]
    settings = Settings(provider="cpu", lanes=1, threads=1, max_batch=1, api_keys=keys, admin_keys=keys)
    engine = Engine.start(settings)
    try:
        document = create_app(engine, settings).openapi()
        return {
            "openapi.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n",
            "http.md": http_page(document),
            "labels.md": labels_page(engine.card),
            **swatches(engine.card),
        }
    finally:
        engine.close()
