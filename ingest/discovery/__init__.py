"""What a scan of the field found, merged into lines.toml without touching what people wrote there."""
