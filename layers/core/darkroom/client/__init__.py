"""A deployed stack from outside: by its buckets and tables, or by its HTTP API. Needs the extra `aws`."""

from darkroom.errors import needs

needs("boto3", "urllib3", extra="aws")
