"""A run from config to model: its data, its network, its training, its model package."""
