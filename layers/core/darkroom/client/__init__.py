"""A deployed stack from outside: by its buckets and tables, or by its HTTP API."""
