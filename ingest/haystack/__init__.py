"""Other Haystack servers: our own async client, and the connector for logins only pyhaystack knows."""
