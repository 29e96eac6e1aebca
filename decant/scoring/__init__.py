"""How good answers are: metrics, calibration, comparisons."""
