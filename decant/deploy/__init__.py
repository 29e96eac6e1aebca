"""Where the shipped classifier runs: over tables, as a service, in a browser."""
