"""What Placard costs, measured beside two other builds of the same functions in the same run: `make bench`.

`bare/` makes the same AWS calls with pydynox's compiled core and the standard library, and checks no more than it needs
to: the floor. `usual/` is what a good engineer writes with boto3, the Powertools router with validation, Powertools
idempotency where the job needs it, and pydantic.

Each module beside this one that ends in a function `measure` makes one group of rows.
"""
