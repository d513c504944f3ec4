"""What `plantroom ontology` does: one file a group of commands, values ready for JSON."""
