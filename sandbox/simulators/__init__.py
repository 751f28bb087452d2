"""Portal simulators: OLX and AVIV on one machine, over real HTTP, with faults on request.

They keep their state in memory, answer with the bodies of the portals' contracts and call back as the portals do.
Start one with `python -m sandbox.simulators.olx` or `python -m sandbox.simulators.aviv`; each module's docstring lists
its calls and switches. Nothing here knows the hub, so a CRM or any other integration can be tested against them too.
"""
