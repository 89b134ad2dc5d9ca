"""Learning one task after another: six methods behind one interface, for any network."""
