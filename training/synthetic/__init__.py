"""Rendered people for training: bodies, poses, clothes, light and camera, with exact parts and joints."""
