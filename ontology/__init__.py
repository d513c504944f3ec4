"""What the building is, and what it did. The bottom layer: it imports nobody of ours."""
