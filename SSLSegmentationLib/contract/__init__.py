"""Ground floor: what all parts agree on (config, events, errors, jobs, tissues, measures). Standard library only."""
