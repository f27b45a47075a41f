"""Runs: all trainings of this computer, how they went, and how to go on."""
