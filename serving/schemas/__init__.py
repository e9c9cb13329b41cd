"""What goes in and out, as msgspec structs: the OpenAPI document is made from them."""
