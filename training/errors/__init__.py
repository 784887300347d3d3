"""Errors in what a user gave, and how a command reports them."""
