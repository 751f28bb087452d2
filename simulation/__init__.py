"""Deterministic simulation: all use cases over in-memory ports, under one scheduler that a seed drives.

A run is a tape of choices. The seed writes it, a failing run can be played again from it, and a shorter tape that fails in
the same way is a shorter story. Choice 0 is always the plain one: nothing fails, nobody is late.
"""
