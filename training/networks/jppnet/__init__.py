"""JPPNet, the original network."""
