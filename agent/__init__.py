"""The engineer: rules, diagnosis, tools, conversation."""
