"""The admin page of limits: what of each is used, setting and changing them, what is held, and warnings."""
