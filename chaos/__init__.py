"""A campaign of faults against the whole hub on the embedded AWS, judged from outside. Nothing here is deployed."""
