"""The HTTP reference: an OpenAPI document as a page of Markdown."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

LONGEST_EXAMPLE: Final = 60
"""Characters of an example that are shown."""

Node = Mapping[str, Any]
"""A part of the document."""


def http_page(document: Node) -> str:
    """The page; ``document`` is the service's OpenAPI document."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Node) -> Iterator[str]:
    yield "# HTTP reference"
    yield ""
    yield "Made by `make reference` from the service's OpenAPI document, [openapi.json](openapi.json). A"
    yield "running service has it at `/openapi.json`, and at `/docs` to try out. All coordinates are in pixels of the"
    yield "upright photo."
    yield ""
    yield "| call | answer |"
    yield "| --- | --- |"
    for method, path, call in _calls(document):
        yield f"| [`{method} {path}`](#{_anchor(f'{method} {path}')}) | {call['summary']} |"
    yield ""
    yield from _keys(document)
    for method, path, call in _calls(document):
        yield from _call(method, path, call)
    yield "## Shapes"
    yield ""
    for name, schema in sorted(document["components"]["schemas"].items()):
        if "properties" in schema:
            yield from _shape(name, schema)
    yield from _problems(document)


def _calls(document: Node) -> Iterator[tuple[str, str, Node]]:
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            yield method.upper(), path, call


def _keys(document: Node) -> Iterator[str]:
    """How to show an API key."""
    yield "A service that was started with `JPPNET_API_KEYS` wants one of its keys with every call that says so:"
    yield ""
    for scheme in document["components"]["securitySchemes"].values():
        header = f"{scheme['name']}: KEY" if scheme["type"] == "apiKey" else "Authorization: Bearer KEY"
        yield f"- `{header}`"
    yield ""


def _call(method: str, path: str, call: Node) -> Iterator[str]:
    yield f"## {method} {path}"
    yield ""
    yield f"{call['summary']}. {call['description']}"
    if "security" in call:
        yield "Wants an API key where there are any."
    yield ""
    if parameters := call.get("parameters"):
        yield "| parameter | in | value | meaning |"
        yield "| --- | --- | --- | --- |"
        for parameter in parameters:
            schema = parameter["schema"]
            default = f", default `{json.dumps(schema['default'])}`" if "default" in schema else ""
            meaning = _cell(parameter.get("description", ""))
            yield f"| `{parameter['name']}` | {parameter['in']} | {_type(schema)}{default} | {meaning} |"
        yield ""
    if body := call.get("requestBody"):
        yield f"Body: {body['description']} Types: {', '.join(f'`{kind}`' for kind in body['content'])}."
        yield ""
    yield "| status | answer | body | headers |"
    yield "| --- | --- | --- | --- |"
    problems = []
    for status, response in sorted(call["responses"].items()):
        if _kinds(response):
            problems.append(status)
        else:
            headers = ", ".join(f"`{name}`" for name in response.get("headers", {}))
            yield f"| {status} | {_cell(response['description'])} | {_content(response)} | {headers} |"
    yield ""
    if problems:
        yield f"[Problems](#problems): {', '.join(problems)}."
        yield ""


def _kinds(response: Node) -> list[tuple[str, str]]:
    """Name and title of each kind of problem that an answer can be; none for a success."""
    examples = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
    return [(name, example["value"]["title"]) for name, example in examples.items()]


def _content(response: Node) -> str:
    """The media types of an answer, with the shape of those that are JSON."""
    kinds = []
    for kind, content in response.get("content", {}).items():
        shape = _type(content.get("schema", {}))
        kinds.append(f"`{kind}`" if shape == "bytes" else f"`{kind}`: {shape}")
    return "<br>".join(kinds)


def _shape(name: str, schema: Node) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    if description := schema.get("description"):
        yield " ".join(description.split())
        yield ""
    yield "| field | value | meaning |"
    yield "| --- | --- | --- |"
    for field, value in schema["properties"].items():
        is_there = field in schema.get("required", []) or not _is_nullable(value)
        words = [_cell(value["description"])] if "description" in value else []
        words += [f"like {_code(_short(value['examples'][0]))}"] if "examples" in value else []
        yield f"| `{field}`{'' if is_there else '?'} | {_type(value)} | {', '.join(words)} |"
    yield ""


def _problems(document: Node) -> Iterator[str]:
    """Every kind of problem that a call is documented to answer with."""
    yield "## Problems"
    yield ""
    yield "An answer that is no success is `application/problem+json` ([Problem](#problem), RFC 9457)."
    yield "[troubleshooting.md](troubleshooting.md) says for each type what to do."
    yield ""
    yield "| type | status | title |"
    yield "| --- | --- | --- |"
    kinds = {
        (status, name, title)
        for _, _, call in _calls(document)
        for status, response in call["responses"].items()
        for name, title in _kinds(response)
    }
    for status, name, title in sorted(kinds):
        yield f"| [`urn:jppnet:problem:{name}`](troubleshooting.md#{name}) | {status} | {title} |"


def _type(schema: Node) -> str:
    """A schema in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "any JSON" if name == "JsonValue" else f"[{name}](#{_anchor(name)})"
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"] if choice.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(_type(item) for item in schema['prefixItems'])}]"
        case "array":
            return f"list of {_type(schema['items'])}"
        case "object" if "additionalProperties" in schema:
            return f"object of {_type(schema['additionalProperties'])}"
        case "string":
            return "bytes" if schema.get("format") == "binary" else "string"
        case "integer" | "number" as kind:
            low, high = schema.get("minimum"), schema.get("maximum")
            return f"{kind} {low:g}–{high:g}" if low is not None and high is not None else str(kind)
        case kind:
            return str(kind or "any JSON")


def _is_nullable(schema: Node) -> bool:
    return any(choice.get("type") == "null" for choice in schema.get("anyOf", []))


def _cell(text: str) -> str:
    """Text for a table's cell."""
    return " ".join(text.replace("|", "\\|").split())


def _short(example: Any) -> str:
    """An example as JSON; what it is like shows at its beginning."""
    text = json.dumps(example, ensure_ascii=False)
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}…"


def _code(text: str) -> str:
    """Text as code, whether or not it has backticks itself."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _anchor(heading: str) -> str:
    """GitHub's name for a heading's link target."""
    return "".join(letter for letter in heading.lower().replace(" ", "-") if letter.isalnum() or letter == "-")
