"""jppnet's service: a model file in, HTTP (or files) out. Imports neither torch nor the training code."""
