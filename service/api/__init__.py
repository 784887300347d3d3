"""HTTP: routes, schemas, content negotiation and problems."""
