"""The three forms of a validation report: for machines, for the standard, for the file on paper."""
