"""One module for each kind of channel: `send(target, outgoing)` tries once and tells what came of it."""
