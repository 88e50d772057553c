"""Regular expressions as JSON Schema means them: those of ECMA-262 with its `u` flag, searched in bounded time.

`syntax` reads an expression into a tree and `translation` writes the tree as an expression of Python's `re`.
`automaton` searches in time linear in the text, and `pattern` decides which of the two is asked.
"""
