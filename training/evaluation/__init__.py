"""Inference, metrics, protocols and calibration of a checkpoint."""
