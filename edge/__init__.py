"""Reading on the appliance: chunks, engines, index, hybrid search. Runs alone, on Python 3.10."""
