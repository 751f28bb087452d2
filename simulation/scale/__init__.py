"""A Monday morning of 200,000 classifieds in simulated time: the real use cases over in-memory ports that take time.

Nothing fails here but what the morning brings; the hostile world is that of the package above. What is looked for is where
a queue grows, who waits for whom, and which key of the table is written to how often.
"""
