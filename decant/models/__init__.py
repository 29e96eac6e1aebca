"""Encoders and the classifier around them."""
