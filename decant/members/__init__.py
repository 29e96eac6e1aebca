"""Who votes in the ensemble, and what the ensemble says."""
