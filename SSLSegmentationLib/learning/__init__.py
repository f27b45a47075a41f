"""Second floor: networks, pretext tasks, training and prediction with torch. Runs in the backend process only."""
