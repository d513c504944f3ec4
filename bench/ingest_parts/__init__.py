"""The parts of the ingest bench: each measures one way in, its devices in a process of their own."""
