"""The mathematics of firth in float64 NumPy: one file per objective, written to be read.

Nothing here is fast. People read it, the compiled kernels are tested against it, and ``firth explain``
shows it at work. Each function names its source and the equation there:

* [000] "Derivative of the cost function of word2vec with negative sampling", a question and its answer
* [001] Jaime Sancho Molero, "Word2Vec", 2022
* [002] Yoav Goldberg and Omer Levy, "word2vec Explained: Deriving Negative Sampling", slides, 2014
* [003] "Lect 4: Word2vec, Negative sampling", lecture slides with a worked example

Papers beyond these are named where they are used, in full once in each file.

The sources hold mistakes; ``docs/mathematics.md`` lists them, and the code follows the corrections.
Throughout, ``v`` is a center's row of the input embeddings and ``u`` a word's row of the output embeddings.
"""
