"""The light joint network, and ensembles of it."""
