"""What `bench.ontology` measures: a campus made here, ours and the peers, each in a process of its own."""
