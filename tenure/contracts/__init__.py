"""What crosses a boundary: frozen inputs, results and states, a file for each subject."""
