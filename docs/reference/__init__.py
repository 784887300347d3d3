"""The pages that are made from the service itself: the OpenAPI document, the HTTP reference, the tables of a model."""
