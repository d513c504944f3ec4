"""Faults of the way from device to history, one file each; the tests run short rounds of the same."""
