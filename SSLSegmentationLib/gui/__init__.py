"""The Slicer module: panels, scene and console verbs. Loaded inside Slicer, where there is no torch."""
