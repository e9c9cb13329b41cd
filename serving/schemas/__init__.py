"""What goes in and out, as msgspec structs: the OpenAPI document is made from them.

Imports nothing of ours but the disclaimer. Encoding them is in ``predictions``.
"""
