"""Models in and out: Haystack files, Brick, point lists; what is not understood is named."""
