"""What goes in and out: msgspec structs, from which the OpenAPI document is made, and predictions encoded.

Of ours it imports ``core.domain`` alone.
"""
