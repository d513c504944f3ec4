"""A model of this trade: examples to train on, questions to judge by, and the training itself."""
