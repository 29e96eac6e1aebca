"""Whether a release has been earned, and the pages that say so."""
