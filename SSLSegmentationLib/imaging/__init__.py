"""First floor: scans, geometry, masks, biomarkers, phantoms. numpy, scipy and SimpleITK; runs in Slicer and in the backend."""
