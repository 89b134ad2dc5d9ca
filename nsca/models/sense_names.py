"""Names of the senses, in the order of every packed row and mask."""

SENSES = ("vision", "audio", "proprioception")
"""Proprioception holds touch, too."""
