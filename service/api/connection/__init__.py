"""HTTP connections below the application: their number, their time limits and their bytes."""
