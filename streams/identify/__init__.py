"""Identify: source rows become canonical changes under their canonical customer, and are re-routed when links change."""
