"""How fast the service is beside its peers and its machine's ceiling, and how calm under load: `make bench`."""
