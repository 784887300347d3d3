"""Label sets: which labels and joints a data set has."""
