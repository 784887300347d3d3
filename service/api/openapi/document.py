"""What OpenAPI cannot read from the routes' signatures: the photo in the body, and the problems."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from service.api.problems.responses import MEDIA_TYPE, Problem
from service.api.problems.types import ProblemType, types_by_status
from service.api.request.json_body import JsonPhoto

BINARY: Final = {"schema": {"type": "string", "format": "binary"}}

ANSWER_HEADERS: Final = {
    "ETag": {
        "description": "names the answer to this photo, model and question",
        "schema": {"type": "string"},
        "example": 'W/"0b66e5f7dd1f4e3c9c8dbb0d2c1c4a55"',
    },
    "Server-Timing": {
        "description": "milliseconds that the photo spent in each stage; not with 304",
        "schema": {"type": "string"},
        "example": "decode;dur=2.41, queue;dur=0.35, device;dur=12.62, encode;dur=0.88, total;dur=16.26",
    },
    "X-Request-ID": {
        "description": "the id that the client sent, or a new one",
        "schema": {"type": "string"},
        "example": "5f0c6a1e9f1b4d0c",
    },
}

PHOTO_FIELD: Final = {"type": "string", "format": "binary", "description": "the photo, or its text in base64"}
NUMBER_LIST: Final = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
JSON_VALUES: Final[dict[str, list[dict[str, Any]]]] = {
    "box": [NUMBER_LIST, {"type": "array", "items": NUMBER_LIST}, {"type": "string"}],
    "labels": [{"type": "string"}, {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}],
}
"""What JSON takes for an option that is a list of texts elsewhere."""


def photo_body(parameters: type[BaseModel]) -> dict[str, Any]:
    """What a route's body may be: the photo, or a form or JSON with the photo and the options of the call."""
    options = parameters.model_json_schema()["properties"]
    in_json = {
        name: {**schema, "anyOf": JSON_VALUES[name]} if name in JSON_VALUES else schema
        for name, schema in options.items()
    }
    return {
        "requestBody": {
            "required": True,
            "description": "A photo (JPEG, PNG, WebP, GIF, AVIF, or HEIC with the extra `heic`): as it is, as the "
            "field `image` (or `file`) of a form, or in JSON. A form or JSON may have the call's options, too, by the "
            "names that they have in the query. The body "
            "may be compressed with gzip (`Content-Encoding: gzip`).",
            "content": {
                "multipart/form-data": {
                    "schema": {"type": "object", "required": ["image"], "properties": {"image": PHOTO_FIELD, **options}}
                },
                "application/json": {
                    "schema": {
                        "allOf": [
                            {"$ref": "#/components/schemas/JsonPhoto"},
                            {"type": "object", "properties": in_json},
                        ]
                    }
                },
                "image/jpeg": BINARY,
                "image/png": BINARY,
                "image/webp": BINARY,
                "image/gif": BINARY,
                "image/avif": BINARY,
                "image/heic": BINARY,
            },
        }
    }


def photo_answer(description: str, *pictures: str) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that answers with JSON of its response model, or a picture of one of these types."""
    return {
        200: {"description": description, "content": dict.fromkeys(pictures, BINARY), "headers": ANSWER_HEADERS},
        304: {
            "description": "The answer is the one whose ETag the client sent in If-None-Match.",
            "headers": ANSWER_HEADERS,
        },
    }


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that can answer with problems of these statuses."""
    return {status: _documented(status, types) for status, types in types_by_status(*statuses)}


def _documented(status: int, types: list[ProblemType]) -> dict[str, Any]:
    examples = {
        it.slug: {
            "value": {
                "type": it.urn,
                "title": it.title,
                "status": status,
                "detail": it.example,
                "request_id": "5f0c6a1e9f1b4d0c",
            }
        }
        for it in types
    }
    answer: dict[str, Any] = {
        "description": " · ".join(it.title for it in types),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
    }
    if status in (503, 504):
        answer["headers"] = {
            "Retry-After": {"description": "seconds to wait before trying again", "schema": {"type": "integer"}}
        }
    if status == 401:
        answer["headers"] = {
            "WWW-Authenticate": {"description": "how to show a key", "schema": {"type": "string"}, "example": "Bearer"}
        }
    return answer


def install_documentation(app: FastAPI) -> None:
    """Makes the app's OpenAPI document name the schemas that the routes only refer to, and serves it at /docs.

    FastAPI's own page fetches its scripts from elsewhere. This one brings them, and names them relative to itself, so
    that it works behind any proxy and prefix.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            for model in (JsonPhoto, Problem):
                document["components"]["schemas"][model.__name__] = model.model_json_schema()
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]

    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=app.title,
            swagger_js_url="docs/assets/swagger-ui-bundle.js",
            swagger_css_url="docs/assets/swagger-ui.css",
            swagger_favicon_url="docs/assets/favicon-32x32.png",
        )

    app.add_api_route("/docs", docs, include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_swagger", "resources")]))
