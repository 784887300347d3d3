"""Generator of reference pages: the OpenAPI document, the HTTP reference, and the labels and joints of a model."""
