"""The backend: a Python with torch in a folder of its own. Found, installed, checked; Slicer's own packages stay as they are."""
