"""What is proven by running it: that the same inputs give the same bytes, and that a fault loses nothing."""
