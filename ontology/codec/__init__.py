"""Grids as text. Each codec module offers `encode(grid) -> str` and `decode(text) -> Grid`."""
