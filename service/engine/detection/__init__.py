"""Person detection: the detector's file, its runs, and people's boxes in a photo."""
