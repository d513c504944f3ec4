"""HTTP for people and machines: conversations, equipment, histories, findings, documents."""
