"""Pure functions over bytes and arrays: decode, fit, and back again."""
