"""From scans to label maps with a trained model: probabilities slab by slab, and back onto the scan's own grid."""
