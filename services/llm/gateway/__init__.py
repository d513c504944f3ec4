"""Many replicas behind one URL: who gets a request, how long it may take, what happens when a replica dies."""
