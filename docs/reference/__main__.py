"""Generate the reference pages: ``python -m docs.reference``.

``docs/openapi.json`` is the service's OpenAPI document and ``docs/http.md`` the same for people to read;
``docs/labels.md`` says what the default model's labels and joints are, their colours being pictures in
``docs/images/colors/``.
"""

from pathlib import Path

from docs.reference.pages import generate_pages

DOCS = Path("docs")


def main() -> None:
    for path, text in generate_pages().items():
        file = DOCS / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(file)


if __name__ == "__main__":
    main()
