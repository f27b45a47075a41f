"""Commands that need numpy, scipy and SimpleITK, and no torch."""
