"""Whether a generated sentence says what it cites: rules, and a learnt measure for the rest."""
