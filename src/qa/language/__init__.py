"""What text says, word by word: sentences, words, numbers, dates, names and phrases. Used by every stage."""
