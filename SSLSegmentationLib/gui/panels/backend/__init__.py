"""The panel Backend: what there is, and setting one up."""
