"""From a question to evidence: made to stand alone, searched for, ranked, and how sure it is."""
