"""The canonical model of quote-to-cash by area; `schemas.entities` puts it together."""
