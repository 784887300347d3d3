"""Recipes: what the recipe forms of all parts of training share."""
