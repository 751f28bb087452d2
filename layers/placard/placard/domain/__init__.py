"""The core: what a classified wishes, what a portal has, and what to do next. No I/O, no clock, no chance."""
