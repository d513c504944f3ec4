"""Processes and jobs: the top layer, and the only reader of the environment."""
