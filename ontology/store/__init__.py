"""Where records and histories are kept: the only home of SQLAlchemy, DuckDB and sqlglot."""
