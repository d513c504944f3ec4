"""Trend exports (CSV, XLSX, Parquet) as samples: any dialect, streamed, nothing dropped in silence."""
