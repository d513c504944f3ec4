"""How facts come in: devices, documents, logs."""
