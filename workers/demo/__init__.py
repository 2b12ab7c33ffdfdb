"""The demonstration: a portfolio of organisations, taken through more than half a year by the simulation clock."""
