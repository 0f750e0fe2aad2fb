"""Identify: source rows become canonical changes of their canonical customer, and are re-routed when links change."""
