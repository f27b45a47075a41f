"""Everything that touches the scene (MRML): volumes, segmentations, tables, plots, and the state kept with them."""
