"""The self-certification kit: plays against a CRM's own receiver what the hub's callbacks bring (contracts/hub.md §3).

Bodies, headers and signatures are made by the hub's own code, so that the kit and the hub cannot drift apart.
"""
