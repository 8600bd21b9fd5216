"""The answer in a language model's words, and the language models themselves."""
