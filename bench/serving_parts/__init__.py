"""What real vLLM on this CPU shows, one module per claim: `measure(quick)` gives figures by name."""
