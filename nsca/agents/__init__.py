"""Agents that learn to act from a few demonstrations; they never see a simulator or an expert."""
