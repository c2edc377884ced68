"""Export the outputs of a run to files that a trainer loads: templates, formats, a card."""
