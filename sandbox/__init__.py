"""The hub on one machine: embedded AWS, portal simulators, demo. Nothing here is deployed."""
