"""Riverside Tower: a building that runs anywhere, with faults whose truth is known."""
