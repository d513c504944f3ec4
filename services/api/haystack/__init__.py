"""The Haystack HTTP API over our own records and histories: read-only, behind a login."""
